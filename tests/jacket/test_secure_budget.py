"""A hostile medium with a salt for each file costs a bounded time; the same files open always."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cms_kinds import PHRASE, sealed
from secure_media import contents, secure_folder

from jacket.decrypt import decrypt
from jacket.verification import verify
from secure import Keys, prepare

Run = Callable[..., Any]
STEPS = 10_000
FILES = 25  # with the DICOMDIR


def salted(content: bytes) -> bytes:
    """Return *content* in an envelope with a salt of its own."""
    return sealed(prepare(password=PHRASE, iterations=STEPS), content)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, real_file_set: Path, run: Run) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    sources = [real_file_set / name for name in ("77654033", "98892003")]
    assert run("author", *sources, "-o", folder / "plain").code == 0
    return secure_folder(folder / "plain", folder / "medium", salted)


PROCESSES = [1, 2, 3] if hasattr(os, "fork") else [1]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let so few files be shared."""
    monkeypatch.setattr("jacket.verify_processes._CHUNK_FILES", 3)


@pytest.mark.parametrize("processes", PROCESSES)
def test_verify_opens_the_same_files_however_many_processes_share_them(
    hostile: Path, processes: int
) -> None:
    keys = Keys([PHRASE], most_steps=15 * STEPS)
    verdict = verify(hostile, keys=keys, processes=processes)
    assert verdict.opened == 15
    beyond = [finding.where for finding in verdict.findings if finding.rule == "SEC-DAMAGED"]
    assert len(beyond) == FILES - 15
    assert beyond == [finding.where for finding in _alone(hostile, keys)]


def _alone(hostile: Path, keys: Keys) -> list[Any]:
    found = verify(hostile, keys=keys, processes=1).findings
    return [finding for finding in found if finding.rule == "SEC-DAMAGED"]


@pytest.mark.parametrize("processes", PROCESSES)
def test_decrypt_opens_the_same_files_however_many_processes_share_them(
    hostile: Path, tmp_path: Path, processes: int
) -> None:
    keys = Keys([PHRASE], most_steps=15 * STEPS)
    done = decrypt(hostile, tmp_path / "out", keys, processes=processes)
    alone = decrypt(hostile, tmp_path / "alone", keys, processes=1)
    assert done.decrypted == 15
    assert {item.kind for item in done.left_out} == {"secure"}
    assert "steps of key derivation" in done.left_out[0].reason
    assert done.left_out == alone.left_out
    assert contents(tmp_path / "out") == contents(tmp_path / "alone")


@pytest.mark.parametrize("processes", PROCESSES)
def test_a_medium_within_its_steps_opens_whole(hostile: Path, processes: int) -> None:
    keys = Keys([PHRASE], most_steps=FILES * STEPS)
    assert verify(hostile, keys=keys, processes=processes).opened == FILES


def test_all_processes_together_keep_to_the_bound(
    hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most as many derivations as each of two processes may do, and once more for one alone."""
    from secure import pwri

    derive, log = pwri.pbkdf2_hmac, tmp_path / "log"

    def counted(*arguments: Any) -> bytes:
        with log.open("ab") as file:
            file.write(b".")
        return derive(*arguments)

    monkeypatch.setattr(pwri, "pbkdf2_hmac", counted)
    verify(hostile, keys=Keys([PHRASE], most_steps=5 * STEPS), processes=2)
    assert log.stat().st_size <= 3 * 5
