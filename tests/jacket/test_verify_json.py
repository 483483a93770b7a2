"""docs/reference/verify.md says every key of the JSON output, and its example is one."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jacket.verify_scope import KINDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "verify.md"
TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLE = json.loads(re.findall(r"<!-- example -->\n```json\n(.*?)```", TEXT, re.DOTALL)[0])
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "integer or null": (int, type(None)),
    "string or null": (str, type(None)),
    "list of strings": (list,),
    "list of objects": (list,),
}


def rows() -> dict[str, str]:
    """Return the documented keys by path, with their types."""
    found: dict[str, str] = {}
    table = TEXT[TEXT.index("| key | type |") :]
    for keys, kind in re.findall(r"^\| (`[^|]*) \| ([^|]*) \|", table, re.MULTILINE):
        names = re.findall(r"`([^`]*)`", keys)
        for name in names:
            whole = names[0].rpartition(".")[0] + name if name.startswith(".") else name
            found[whole] = kind
    return found


def paths(value: Any, prefix: str = "") -> dict[str, object]:
    """Return the leaves of a JSON object by path."""
    found: dict[str, object] = {}
    for key, inner in value.items():
        if isinstance(inner, dict):
            found |= paths(inner, f"{prefix}{key}.")
        elif inner and isinstance(inner, list) and isinstance(inner[0], dict):
            found |= paths(inner[0], f"{prefix}{key}[].")
        else:
            found[prefix + key] = inner
    return found


@pytest.fixture
def answers(image: Path, tmp_path: Path, run: Callable[..., object]) -> list[Any]:
    (tmp_path / "empty").mkdir()
    return [
        run("verify", image, "--profile", "STD-US-ID-SF-CDR", "--pdi", "--json").json,
        run("verify", tmp_path / "empty", "--json").json,
        EXAMPLE,
    ]


def test_every_key_is_documented_with_its_type(answers: list[Any]) -> None:
    documented = rows()
    assert len(documented) == 32
    for answer in answers:
        assert answer["findings"]
        found = paths(answer)
        assert found.keys() == documented.keys()
        for path, value in found.items():
            assert type(value) in TYPES[documented[path]], path
        assert all(isinstance(s, str) for s in answer["satisfies"])
        assert answer["medium"]["kind"] in TEXT


def test_all_kinds_of_media_are_named() -> None:
    (row,) = re.findall(r"\| `medium.kind` \|.*", TEXT)
    assert set(re.findall(r"`([a-z0-9+]+)`", row)) == set(KINDS)


def test_counts_are_those_of_the_findings(answers: list[Any]) -> None:
    for answer in answers:
        severities = [finding["severity"] for finding in answer["findings"]]
        for name in ("error", "warning", "note"):
            assert answer["counts"][f"{name}s"] == severities.count(name)
        assert answer["compliant"] is not bool(answer["counts"]["errors"])


def test_every_option_is_documented(run: Callable[..., object]) -> None:
    said = run("verify", "--help")
    for option in re.findall(r"--[a-z-]+", said.out):
        assert option == "--help" or option in TEXT
