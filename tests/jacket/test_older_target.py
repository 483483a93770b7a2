"""What has the target's name already: a medium is replaced, anything else stays."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cms_people import alice, bob

from jacket.older_target import OlderTarget
from jacket.target import refuse_in_the_way, replacements
from reporting import CannotWrite

Run = Callable[..., Any]
MADE = [
    ("t.iso", (), OlderTarget("disc image", "OLD")),
    ("t.img", ("--profile", "STD-GEN-CD"), OlderTarget("disc image", "OLD")),
    ("t.iso", ("--profile", "STD-GEN-DVD-JPEG"), OlderTarget("disc image", "OLD")),
    ("t.iso", ("--profile", "STD-GEN-BD"), OlderTarget("disc image", "OLD")),
    ("t.img", (), OlderTarget("image of a stick or card", "OLD")),
    ("t.img", ("--profile", "STD-CTMR-MOD41"), OlderTarget("image of a stick or card", "OLD")),
    ("t.zip", (), OlderTarget("ZIP archive", "")),
    ("t.eml", (), OlderTarget("mail", "")),
    ("t.eml", ("--profile", "STD-GEN-MIME"), OlderTarget("mail", "")),
]
LETTER = b"From: a@example.org\r\nSubject: thesis\r\nMIME-Version: 1.0\r\n"
SEALED_LETTER = LETTER + b"Content-Type: application/pkcs7-mime\r\n\r\nMIIB\r\n"


@pytest.fixture
def ct(test_files: Path) -> Path:
    return test_files / "CT_small.dcm"


@pytest.mark.parametrize(("name", "words", "expected"), MADE)
def test_a_medium_of_the_kind_is_replaced_and_known_for_what_it_is(
    name: str, words: tuple[str, ...], expected: OlderTarget, tmp_path: Path, ct: Path, run: Run
) -> None:
    target = tmp_path / name
    assert refuse_in_the_way(target) is None
    assert run("author", ct, "-o", target, "--label", "OLD", *words).code == 0
    assert refuse_in_the_way(target) == expected
    older = target.read_bytes()
    assert run("author", ct, "-o", target, "--label", "NEW", *words).code == 0
    assert target.read_bytes() != older
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_encrypted_mail_is_replaced(tmp_path: Path, ct: Path, run: Run) -> None:
    certificate, _ = bob().files(tmp_path)
    signing, key = alice().files(tmp_path)
    target = tmp_path / "t.eml"
    words = ("--encrypt-to", certificate, "--sign", key, "--sign-cert", signing)
    for _ in range(2):
        assert run("author", ct, "-o", target, *words).code == 0
    assert refuse_in_the_way(target) == OlderTarget("encrypted mail", "")


@pytest.mark.parametrize("name", ["t.iso", "t.img", "t.zip", "t.eml"])
@pytest.mark.parametrize(
    "content",
    [
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60_000),  # a thesis
        b"do not lose me",
        LETTER + b"Content-Type: text/plain\r\n\r\nPlease find my thesis attached.\r\n",
        SEALED_LETTER,
    ],
)
def test_what_is_no_medium_stays_and_the_remedy_is_told(
    name: str, content: bytes, tmp_path: Path, ct: Path, run: Run
) -> None:
    target = tmp_path / name
    target.write_bytes(content)
    for more in ((), ("--dry-run",), ("--json",)):
        said = run("author", ct, "-o", target, *more)
        assert said.code == 3
        assert f"{target}: is there and holds something else than " in said.err
        assert "Choose another name, or move that file away first" in said.err
    assert target.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_it_stays_before_the_sources_are_read(tmp_path: Path, run: Run) -> None:
    (tmp_path / "t.iso").write_bytes(b"thesis")
    assert "something else" in run("author", tmp_path / "none", "-o", tmp_path / "t.iso").err


def test_a_disc_an_archive_and_a_mail_without_dicom_stay(
    tmp_path: Path, ct: Path, run: Run, peer: Callable[[str], str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "PHOTO.JPG").write_bytes(b"sea")
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.write(tmp_path / "in" / "PHOTO.JPG")
    made = (peer("xorriso"), "-as", "mkisofs", "-quiet", "-o", tmp_path / "t.iso", tmp_path / "in")
    assert os.spawnv(os.P_WAIT, made[0], [str(word) for word in made]) == 0  # noqa: S606 (a peer)
    for name in ("t.zip", "t.iso"):
        before = (tmp_path / name).read_bytes()
        assert "something else" in run("author", ct, "-o", tmp_path / name).err
        assert (tmp_path / name).read_bytes() == before


@pytest.mark.parametrize(
    ("made", "name"),
    [("t.img", "t.iso"), ("t.zip", "t.iso"), ("t.eml", "t.zip"), ("t.iso", "t.eml")],
)
def test_a_medium_of_another_kind_stays(
    made: str, name: str, tmp_path: Path, ct: Path, run: Run
) -> None:
    assert run("author", ct, "-o", tmp_path / made).code == 0
    (tmp_path / made).rename(tmp_path / name)
    assert "something else" in run("author", ct, "-o", tmp_path / name).err


def test_an_empty_file_is_nothing_to_lose(tmp_path: Path, ct: Path, run: Run) -> None:
    (tmp_path / "t.iso").touch()
    assert refuse_in_the_way(tmp_path / "t.iso") is None
    assert run("author", ct, "-o", tmp_path / "t.iso").code == 0


def test_a_link_is_judged_by_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "thesis").write_bytes(b"thesis")
    (tmp_path / "t.iso").symlink_to(tmp_path / "thesis")
    with pytest.raises(CannotWrite, match="something else"):
        refuse_in_the_way(tmp_path / "t.iso")


def test_what_is_replaced_is_told_in_words() -> None:
    disc = OlderTarget("disc image", "OLD")
    assert disc.told(Path("d.iso"), dry_run=False) == (
        "d.iso: replaced the disc image that was there (label OLD)"
    )
    assert disc._replace(label="").told(Path("d.iso"), dry_run=True) == (
        "d.iso: would replace the disc image that is there"
    )


def test_of_several_targets_those_that_are_there_are_told(
    tmp_path: Path, ct: Path, run: Run
) -> None:
    targets = [tmp_path / f"d-{number}.iso" for number in (1, 2, 3)]
    assert replacements(targets, dry_run=True) == ()
    for number in (0, 2):
        assert run("author", ct, "-o", targets[number], "--label", f"OLD{number}").code == 0
    assert replacements(targets, dry_run=False) == (
        f"{targets[0]}: replaced the disc image that was there (label OLD0)",
        f"{targets[2]}: replaced the disc image that was there (label OLD2)",
    )
    targets[1].write_bytes(b"thesis")
    with pytest.raises(CannotWrite, match="something else"):
        replacements(targets, dry_run=True)


def replaced(told: Any) -> list[str]:
    return [remark for remark in told.json["remarks"] if "replace" in remark]


def test_what_is_replaced_is_told_and_what_would_be(tmp_path: Path, ct: Path, run: Run) -> None:
    target = tmp_path / "d.iso"
    words = ("author", ct, "-o", target, "--label", "OLD")
    assert replaced(run(*words, "--json")) == []
    would = f"{target}: would replace the disc image that is there (label OLD)"
    assert would in run(*words, "--dry-run").out
    assert replaced(run(*words, "--dry-run", "--json")) == [would]
    was = f"{target}: replaced the disc image that was there (label OLD)"
    assert was in run(*words).out
    assert replaced(run(*words, "--json")) == [was]


def test_of_a_set_the_volumes_that_are_replaced_are_told(
    tmp_path: Path, two_patients: Path, run: Run
) -> None:
    words = ("author", two_patients, "-o", tmp_path / "d.iso", "--split", "--capacity", "400000")
    assert replaced(run(*words, "--json")) == []
    made = sorted(tmp_path.glob("d-*.iso"))
    assert len(made) > 1
    assert len(replaced(run(*words, "--json"))) == len(made)
    (only,) = replaced(run(*words, "--volume", "2", "--dry-run", "--json"))
    assert only.startswith(f"{tmp_path / 'd-2.iso'}: would replace ")
    made[0].write_bytes(b"thesis")
    for more in ((), ("--dry-run",)):
        assert "something else" in run(*words, *more).err
