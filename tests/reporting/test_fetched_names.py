"""A package loads a module of its own only when somebody asks for a name of it."""

import sys
from pathlib import Path

import pytest

from reporting.fetched_names import fetching


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "fetched_far.py").write_text("ONE, TWO = object(), 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "fetched_far", raising=False)
    return "fetched_far"


def test_a_module_is_loaded_when_a_name_is_wanted_and_not_before(module: str) -> None:
    package: dict[str, object] = {"__name__": "near"}
    fetch = fetching(package, {module: "ONE TWO", "there.is.none": "THREE"})
    assert module not in sys.modules
    assert fetch("TWO") == 2
    assert module in sys.modules
    assert fetch("ONE") is package["ONE"]


def test_a_name_that_nobody_has_is_told_as_python_does(module: str) -> None:
    with pytest.raises(AttributeError, match="module 'near' has no attribute 'FOUR'"):
        fetching({"__name__": "near"}, {module: "ONE"})("FOUR")
    assert module not in sys.modules
