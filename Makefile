# The first two commands: `make demo` and `make test`. README.md says what they need.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test slow check bench clean

demo: $(VENV)/installed
	$(BIN)/python scripts/demo.py

test: $(VENV)/developing
	$(BIN)/python -m pytest -n auto -q

# By files: what the tests of one share, such as a machine that boots, is made once.
slow: $(VENV)/developing
	$(BIN)/python -m pytest -n auto --dist loadfile -m slow -q

check: $(VENV)/developing
	scripts/check

bench: $(VENV)/developing
	$(BIN)/python benchmarks/run.py

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) scripts/make_venv.py $(VENV)
	@touch $@

$(VENV)/developing: pyproject.toml constraints.txt
	$(PYTHON) scripts/make_venv.py $(VENV) --extra dev
	@touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) out build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info
