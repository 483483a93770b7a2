"""What a verdict says of a kind of medium: the rules of the claimed one, and which ones fit."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from dicomdir.build import build_directory
from dicomdir.encode import encode_dicomdir
from dicomdir.index import Indexer
from dicomdir.scan import scan
from jacket.verification import verify
from jacket.verify_scope import why_none
from media import (
    DEMANDS,
    FileRange,
    NamedSource,
    lay_out_bridge,
    lay_out_udf,
    planned_files,
    write_fat,
    write_iso9660,
    write_volume,
    write_zip,
)
from profiles.application_profiles import Medium
from profiles.check_nearest import Nearest
from profiles.media_kinds import MEDIA_WORDS
from profiles.profile_table import PROFILES
from reporting import Severity

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SECTOR = 2048
Run = Callable[..., object]
Peer = Callable[[str], str]


@pytest.fixture(scope="module")
def file_set(tmp_path_factory: pytest.TempPathFactory, test_files: Path) -> Path:
    """A folder with real files and their DICOMDIR."""
    folder = tmp_path_factory.mktemp("file_set") / "medium"
    folder.mkdir()
    for number, path in enumerate(sorted((test_files / "dicomdirtests" / "77654033").rglob("*"))):
        if path.is_file():
            content = path.read_bytes()  # with a preamble that nobody has to know
            (folder / f"I{number:07d}").write_bytes(bytes(128) + content[128:])
    keys = dict.fromkeys(key for row in PROFILES.values() for key in row.additional_keys)
    instances = scan([folder], Indexer(keys)).instances
    pairs = [(instance, (Path(instance.source).name,)) for instance in instances]
    built = build_directory(pairs, file_set_uid="2.25.1", file_set_id="KINDS", additional=keys)
    (folder / "DICOMDIR").write_bytes(encode_dicomdir(built.directory))
    return folder


@pytest.fixture
def sources(file_set: Path) -> list[NamedSource]:
    return [
        NamedSource((path.name,), (FileRange(str(path), 0, path.stat().st_size),), NOW)
        for path in sorted(file_set.iterdir())
    ]


def media_of(identifiers: tuple[str, ...]) -> set[Medium]:
    return {PROFILES[identifier].medium for identifier in identifiers}


def errors(path: Path, profile: str | None = None) -> set[str]:
    return {f.rule for f in verify(path, profile).findings if f.severity is Severity.ERROR}


def iso(sources: list[NamedSource], path: Path, level: int) -> Path:
    """Return an image without UDF, of a level that may be above the first."""
    plan = lay_out_bridge(planned_files(sources, None), label="KINDS", recorded=NOW, level=level)
    write_volume(plan, sources, path)
    data = bytearray(path.read_bytes())
    for sector in range(16, 257):
        at = sector * SECTOR
        if data[at + 1 : at + 6] in (b"BEA01", b"NSR02", b"TEA01"):
            data[at : at + SECTOR] = bytes(SECTOR)
    path.write_bytes(data)
    return path


def test_every_medium_of_ps3_11_has_its_demands() -> None:
    assert MEDIA_WORDS.keys() == set(Medium)
    assert set(MEDIA_WORDS.values()) == DEMANDS.keys()
    assert all(row.source.startswith("PS3.12 ") for row in DEMANDS.values())


def test_a_disc_of_level_2_is_right_on_a_dvd_and_wrong_on_a_cd(
    sources: list[NamedSource], tmp_path: Path
) -> None:
    sources += [NamedSource(("A_RATHER_LONG_NAME.TEXT",), (b"text",), NOW)]
    path = iso(sources, tmp_path / "t.iso", 2)
    verdict = verify(path)
    assert verdict.compliant
    assert media_of(verdict.satisfies) == {Medium.DVD}
    (note,) = [f for f in verdict.findings if f.rule == "MED-KIND"]
    assert note.severity is Severity.NOTE
    assert note.message.startswith("Wrong on a CD-R only: a name is longer than 8.3")
    assert "ISO-NAME-LEVEL" in note.message
    assert note.where == "/A_RATHER_LONG_NAME.TEXT;1"
    assert note.reference == "PS3.12 Annex F; ECMA-119 10.1"
    assert errors(path, "STD-GEN-DVD-J2K") == set()
    assert errors(path, "STD-GEN-CD") == {"ISO-NAME-LEVEL"}
    told = [f.rule for f in verify(path, "STD-GEN-CD").findings]
    assert told.count("ISO-NAME-LEVEL") == 1
    assert "MED-KIND" not in told


def test_a_disc_of_level_1_fits_both(sources: list[NamedSource], tmp_path: Path) -> None:
    write_iso9660(sources, tmp_path / "t.iso", volume_identifier="KINDS", recorded=NOW)
    verdict = verify(tmp_path / "t.iso")
    assert verdict.findings == ()
    assert media_of(verdict.satisfies) == {Medium.CD_R, Medium.DVD}


def test_another_label_is_wrong_on_a_cd_alone(sources: list[NamedSource], tmp_path: Path) -> None:
    path = tmp_path / "t.iso"
    write_iso9660(sources, path, volume_identifier="OTHER", recorded=NOW)
    verdict = verify(path)
    assert [(f.rule, f.severity) for f in verdict.findings] == [("MED-LABEL", Severity.WARNING)]
    assert media_of(verdict.satisfies) == {Medium.DVD}
    assert errors(path, "STD-GEN-CD") == {"MED-LABEL"}
    assert verify(path, "STD-GEN-DVD-J2K").compliant


@pytest.mark.parametrize(
    ("revision", "fits"),
    [
        ("1.02", {Medium.DVD, Medium.DVD_RAM}),
        ("1.50", {Medium.DVD, Medium.DVD_RAM}),
        ("2.01", {Medium.DVD}),
        ("2.50", {Medium.BD}),
        ("2.60", {Medium.BD}),
    ],
)
def test_the_revision_of_udf_decides_on_the_discs(
    sources: list[NamedSource], tmp_path: Path, revision: str, fits: set[Medium]
) -> None:
    path = tmp_path / "t.img"
    plan = lay_out_udf(
        planned_files(sources, None),
        label="KINDS",
        recorded=NOW,
        revision=revision,  # type: ignore[arg-type]
    )
    write_volume(plan, sources, path)
    verdict = verify(path)
    assert verdict.compliant
    assert media_of(verdict.satisfies) == fits
    for medium, profile in (
        (Medium.DVD, "STD-GEN-DVD-J2K"),
        (Medium.DVD_RAM, "STD-GEN-DVD-RAM"),
        (Medium.BD, "STD-GEN-BD-JPEG"),
    ):
        assert errors(path, profile) == (set() if medium in fits else {"UDF-REVISION"})


def test_a_stick_is_no_magneto_optical_disk(sources: list[NamedSource], tmp_path: Path) -> None:
    path = tmp_path / "t.img"
    write_fat(sources, path, label="KINDS", recorded=NOW, kind="fat16")
    verdict = verify(path)
    assert verdict.findings == ()
    assert media_of(verdict.satisfies) == {Medium.USB, Medium.CF, Medium.MMC, Medium.SD}
    assert "FAT-PARTITIONED" in errors(path, "STD-CTMR-MOD41")
    assert "FAT-PARTITIONED" not in errors(path, "STD-GEN-USB-JPEG")


def test_fat32_on_a_card_that_takes_fat16_only_is_told_once(
    sources: list[NamedSource], tmp_path: Path
) -> None:
    path = tmp_path / "t.img"
    write_fat(sources, path, label="KINDS", recorded=NOW, kind="fat32")
    assert media_of(verify(path).satisfies) == {Medium.USB, Medium.CF}
    for profile in ("STD-GEN-SD-JPEG", "STD-GEN-MMC-JPEG"):
        found = [f for f in verify(path, profile).findings if f.severity is Severity.ERROR]
        assert [f.rule for f in found] == ["PRO-FILE-SYSTEM"]
        assert "FAT16" in found[0].message


def test_a_file_system_that_a_medium_cannot_have_is_told_once(
    sources: list[NamedSource], tmp_path: Path
) -> None:
    path = iso(sources, tmp_path / "t.iso", 1)
    data = bytearray(path.read_bytes())
    data[16 * SECTOR + 8 : 16 * SECTOR + 13] = b"LINUX"
    path.write_bytes(data)
    assert errors(path, "STD-GEN-USB-JPEG") == {"PRO-FILE-SYSTEM"}
    assert errors(path, "STD-GEN-CD") == {"ISO-SYSTEM-IDENTIFIER"}


def test_the_nearest_profile_is_of_a_medium_that_fits(tmp_path: Path, test_files: Path) -> None:
    """A file that no profile for discs takes, on a disc of level 2: a CD would break more."""
    content = (test_files / "MR_small_RLE.dcm").read_bytes()
    (tmp_path / "I1").write_bytes(bytes(128) + content[128:])
    (instance,) = scan([tmp_path / "I1"], Indexer()).instances
    built = build_directory([(instance, ("I1",))], file_set_uid="2.25.1", file_set_id="KINDS")
    directory = encode_dicomdir(built.directory)
    sources = [
        NamedSource(("DICOMDIR",), (directory,), NOW),
        NamedSource(("I1",), ((tmp_path / "I1").read_bytes(),), NOW),
        NamedSource(("A_RATHER_LONG_NAME.TEXT",), (b"text",), NOW),
    ]
    verdict = verify(iso(sources, tmp_path / "t.iso", 2))
    assert verdict.compliant
    assert not verdict.satisfies
    assert verdict.nearest is not None
    assert PROFILES[verdict.nearest.identifier].medium is Medium.DVD
    assert not [rule for rule in verdict.nearest.rules if rule.startswith("ISO-")]


def test_a_file_in_two_extents_is_judged_as_the_one_that_it_is(
    tmp_path: Path, test_files: Path, run: Run
) -> None:
    """With another file between them, as level 3 allows, and a CD does not."""
    contents = {}
    for name, file in (("I1", "CT_small.dcm"), ("I3", "MR_small.dcm")):
        contents[name] = bytes(128) + (test_files / file).read_bytes()[128:]
        (tmp_path / name).write_bytes(contents[name])
    keys = dict.fromkeys(key for row in PROFILES.values() for key in row.additional_keys)
    instances = scan([tmp_path / "I1", tmp_path / "I3"], Indexer(keys)).instances
    pairs = [(instance, (Path(instance.source).name,)) for instance in instances]
    built = build_directory(pairs, file_set_uid="2.25.1", file_set_id="", additional=keys)
    cut = 10 * SECTOR
    manifest = b"".join(
        b"%s *%s\r\n" % (sha256(data).hexdigest().encode(), name.encode())
        for name, data in contents.items()
    )
    sources = [
        NamedSource(("DICOMDIR",), (encode_dicomdir(built.directory),), NOW),
        NamedSource(("I1",), (contents["I1"][:cut],), NOW),
        NamedSource(("I3",), (contents["I3"],), NOW),
        NamedSource(("I2",), (contents["I1"][cut:],), NOW),
        NamedSource(("MANIFEST.TXT",), (manifest,), NOW),
    ]
    path = tmp_path / "t.iso"
    write_iso9660(sources, path, volume_identifier="", recorded=NOW)
    data = bytearray(path.read_bytes())
    first, second = (data.index(name) - 33 for name in (b"I1.;1", b"I2.;1"))
    data[second + 33 : second + 38] = b"I1.;1"
    data[first + 25] |= 128  # there is more of it (ECMA-119 9.1.6)
    path.write_bytes(data)
    verdict = verify(path)
    assert verdict.compliant
    assert {f.rule for f in verdict.findings} == {"MED-KIND", "MAN-NOT-LISTED"}  # of DICOMDIR
    assert (verdict.compared, verdict.read) == (2, sum(len(s.parts[0]) for s in sources))  # type: ignore[arg-type, misc]
    assert media_of(verdict.satisfies) == {Medium.DVD}
    assert errors(path, "STD-GEN-CD") == {"ISO-MULTI-EXTENT"}
    listed = run("ls", path, "--json", "--files")
    assert listed.code == 0


def test_the_words_of_the_nearest_profile_know_the_rules_of_file_systems(
    sources: list[NamedSource], tmp_path: Path
) -> None:
    write_iso9660(sources, tmp_path / "t.iso", volume_identifier="KINDS", recorded=NOW)
    verdict = verify(tmp_path / "t.iso")
    nearest = Nearest("STD-GEN-CD", ("ISO-NAME-LEVEL", "PRO-KEY-MISSING"))
    said = why_none(replace(verdict, satisfies=(), nearest=nearest))
    assert any(line.startswith("ISO-NAME-LEVEL: a name is longer") for line in said)


# Archives with a password


def encrypted(file_set: Path, target: Path, peer: Peer, method: str, *names: str) -> Path:
    options = ["-bd", "-tzip", "-psecret", f"-mem={method}"]
    command = [peer("7z"), "a", *options, str(target), *(names or ["."])]
    subprocess.run(command, cwd=file_set, check=True, capture_output=True)
    return target


@pytest.mark.parametrize("method", ["ZipCrypto", "AES256"])
def test_an_encrypted_archive_is_read_with_the_password_in_a_file(
    file_set: Path, tmp_path: Path, peer: Peer, run: Run, method: str
) -> None:
    path = encrypted(file_set, tmp_path / "t.zip", peer, method)
    word = tmp_path / "password"
    word.write_bytes(b"secret\r\nsecond line\n")
    said = run("verify", path, "--password-file", word, "--json")
    assert said.code == 1  # the receivers of a File-set cannot know the password
    rule = "ZIP-ENCRYPTED" if method == "ZipCrypto" else "ZIP-ENCRYPTED-AES"
    assert [f["rule"] for f in said.json["findings"]] == [rule]
    assert said.json["counts"]["instances"] == len(list(file_set.iterdir())) - 1
    listed = run("ls", path, "--password-file", word, "--json")
    assert listed.code == 0
    assert listed.json["from_directory"]
    assert len(listed.json["patients"]) == 1


@pytest.mark.parametrize("method", ["ZipCrypto", "AES256"])
@pytest.mark.parametrize("command", ["verify", "ls"])
def test_without_or_with_another_password_there_is_one_error_that_says_what_to_do(
    file_set: Path, tmp_path: Path, peer: Peer, run: Run, method: str, command: str
) -> None:
    path = encrypted(file_set, tmp_path / "t.zip", peer, method)
    said = run(command, path, "--json")
    assert said.code == 3
    assert said.json["error"]["what"] == "is encrypted with a password"
    assert "--password-file" in said.json["error"]["remedy"]
    (tmp_path / "other").write_text("Secret\n")
    said = run(command, path, "--password-file", tmp_path / "other", "--json")
    assert said.code == 3
    assert said.json["error"]["what"] == "is encrypted with another password"
    said = run(command, path)
    assert not said.out
    assert len(said.err.splitlines()) <= 3


def test_what_is_not_encrypted_of_an_archive_is_judged(
    file_set: Path, tmp_path: Path, peer: Peer, run: Run
) -> None:
    """The files are told once, by the archive's own rule."""
    names = sorted(path.name for path in file_set.iterdir())
    path = encrypted(file_set, tmp_path / "t.zip", peer, "AES256", *names[3:])
    subprocess.run(
        [peer("7z"), "a", "-bd", "-tzip", str(path), *names[:3]],
        cwd=file_set,
        check=True,
        capture_output=True,
    )
    said = run("verify", path, "--json")
    assert said.code == 1
    assert [f["rule"] for f in said.json["findings"]] == ["ZIP-ENCRYPTED-AES"]
    text = run("verify", path).out
    assert f"{len(names)} files on the medium, 3 read to their ends" in text
    only = encrypted(file_set, tmp_path / "d.zip", peer, "AES256", "DICOMDIR")
    (tmp_path / "README.TXT").write_text("read me")
    subprocess.run([peer("zip"), "-q", str(only), "README.TXT"], cwd=tmp_path, check=True)
    said = run("ls", only, "--json")
    assert said.code == 3
    assert said.json["error"]["what"] == "is encrypted with a password"


def test_a_password_may_come_by_standard_input_and_is_never_a_word(
    file_set: Path, tmp_path: Path, peer: Peer
) -> None:
    path = encrypted(file_set, tmp_path / "t.zip", peer, "AES128")
    said = subprocess.run(
        [sys.executable, "-m", "jacket", "ls", str(path), "--password-file", "-"],
        input=b"secret\n",
        capture_output=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert b"patient" in said.stdout


@pytest.mark.parametrize("content", [None, b"", b"\nsecret\n", b"x" * 5000])
def test_a_file_without_a_password_is_wrong_usage(
    tmp_path: Path, file_set: Path, run: Run, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "password").write_bytes(content)
    said = run("verify", file_set, "--password-file", tmp_path / "password", "--json")
    assert said.code == 2
    assert said.json["error"]["where"] == "--password-file"


def test_a_zip_of_ours_needs_no_password(sources: list[NamedSource], tmp_path: Path) -> None:
    write_zip(sources, tmp_path / "t.zip", recorded=NOW)
    verdict = verify(tmp_path / "t.zip", password=b"whatever")
    assert verdict.compliant
    assert media_of(verdict.satisfies) == {Medium.ZIP_MAIL}
