"""Every rule of IHE PDI and every German requirement is broken once, and nothing else with it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dicomdir.elements import encode_element
from dicomdir.encode import encode_dicomdir
from dicomdir.read import read_directory
from dicomdir.record import DirectoryRecord
from jacket.pdi_rules import RULES
from jacket.verification import verify

README = """\
This disc was made by the radiology of a hospital, telephone +49 30 1234567.
The images are named by the file DICOMDIR in the root. Every DICOM viewer opens it.
Made with FILMJACKET version 0.1 (https://example.org/filmjacket).
The viewer runs on Windows and Linux.
"""
INDEX = """\
<html><head><title>Disc</title></head><body><h1>A hospital</h1>
<!-- <a href="gone.htm">not yet</a> -->
<p><a href="ihe_pdi/page.htm">Pictures</a> <a href="readme.txt">Read me</a>
<a href="mailto:radiology@example.org">write</a> <a href="http://example.org">our page</a></p>
<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="">
</body></html>
"""
PAGE = """\
<html><body><p>Patient ID: 98890234</p><img src="pic.jpg" alt=""/>
<a href="../index.htm#top">back</a></body></html>
"""
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(20)

Spoil = Callable[[Path], None]


def write(name: str, content: str | bytes = "") -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return spoil


def replace(name: str, old: str, new: str) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return spoil


def remove(name: str) -> Spoil:
    return lambda folder: (folder / name).unlink()


def both(*spoils: Spoil) -> Spoil:
    def spoil(folder: Path) -> None:
        for each in spoils:
            each(folder)

    return spoil


def without_pages(folder: Path) -> None:
    """Leave a medium without web content; INDEX.HTM and its links go with it."""
    shutil.rmtree(folder / "IHE_PDI")
    (folder / "INDEX.HTM").unlink()


def directory(change: Callable[[list[DirectoryRecord]], None]) -> Spoil:
    """Write the DICOMDIR again after *change* of its root records."""

    def spoil(folder: Path) -> None:
        path = folder / "DICOMDIR"
        tree = read_directory(path.read_bytes()).directory
        change(tree.records)
        path.write_bytes(encode_dicomdir(tree))

    return spoil


def series_of(records: list[DirectoryRecord]) -> DirectoryRecord:
    return records[0].children[0].children[0]


def private_record(records: list[DirectoryRecord]) -> None:
    uid = encode_element(0x00041432, b"UI", b"1.2.3.4")
    series_of(records).children.append(DirectoryRecord("PRIVATE", b"", other=uid))


def mrdr(records: list[DirectoryRecord]) -> None:
    records.append(DirectoryRecord("MRDR", b""))


def private_element(records: list[DirectoryRecord]) -> None:
    patient = records[0]
    creator = encode_element(0x00110010, b"LO", b"MAKER")
    patient.keys += creator


def move_dicom(target: str) -> Spoil:
    """File one instance elsewhere, and say so in the directory."""

    def spoil(folder: Path) -> None:
        path = folder / "DICOMDIR"
        tree = read_directory(path.read_bytes()).directory
        leaf = series_of(tree.records).children[0]
        (folder / target).parent.mkdir(exist_ok=True)
        shutil.move(folder.joinpath(*leaf.file_id), folder / target)
        leaf.file_id = tuple(target.split("/"))
        path.write_bytes(encode_dicomdir(tree))

    return spoil


BREAKS: dict[str, Spoil] = {
    "PDI-ROOT-DICOM": move_dicom("I0000001"),
    "PDI-WEB-DICOM": move_dicom("IHE_PDI/I0000001"),
    "PDI-RECORD-TYPE": directory(private_record),
    "PDI-IHE-NAME": write("IHE_MORE/NOTE.TXT", "more"),
    "PDI-AUTORUN": write("AUTORUN.INF", "[autorun]\n"),
    "PDI-NAME": write("Viewer/longlibrary.dll", b"MZ"),
    "PDI-MIXED-FOLDER": write("DICOM/P0000001/S0000001/E0000001/NOTE.TXT", "a note"),
    "PDI-README": both(remove("README.TXT"), replace("INDEX.HTM", "readme.txt", "")),
    "PDI-README-TEXT": replace("README.TXT", "a hospital", "a hôpital"),
    "PDI-README-CONTACT": replace("README.TXT", "+49 30 1234567", "as known"),
    "PDI-README-PRODUCT": replace("README.TXT", "version 0.1", "software"),
    "PDI-README-ORGANISATION": replace("README.TXT", "DICOMDIR", "index"),
    "PDI-README-VIEWER": both(
        write("VIEWER/VIEW.EXE", b"MZ"),
        replace("README.TXT", "Windows and Linux", "its own"),
        replace("INDEX.HTM", "<h1>", '<a href="viewer/view.exe">Viewer</a><h1>'),
    ),
    "PDI-INDEX": both(remove("INDEX.HTM"), replace("IHE_PDI/PAGE.HTM", "../index.htm", "")),
    "PDI-INDEX-README": replace("INDEX.HTM", "readme.txt", ""),
    "PDI-INDEX-WEB": replace("INDEX.HTM", "ihe_pdi/page.htm", "readme.txt"),
    "PDI-INDEX-VIEWER": write("VIEWER/VIEW.EXE", b"MZ"),
    "PDI-LINK": replace("INDEX.HTM", "<h1>", '<a href="ihe_pdi/other.htm">other</a><h1>'),
    "PDI-LINK-CASE": replace("INDEX.HTM", "readme.txt", "Readme.txt"),
    "PDI-LINK-LEAVES": replace("IHE_PDI/PAGE.HTM", "../index.htm", "../../index.htm"),
    "PDI-WEB-FORMAT": write("IHE_PDI/FILM.AVI", b"RIFF"),
    "PDI-WEB-ACTIVE": replace("IHE_PDI/PAGE.HTM", "<img", '<applet code="V.class"></applet><img'),
    "PDI-WEB-PATIENT": replace("IHE_PDI/PAGE.HTM", "98890234", "12345"),
    "PDI-WEB-NOT-READ": write("IHE_PDI/LARGE.HTM", PAGE + " " * (2 << 20)),
    "DRG-INDEX": without_pages,
    "DRG-LINK-CASE": replace("INDEX.HTM", "readme.txt", "README.TXT"),
    "DRG-WEB-STYLE": replace("IHE_PDI/PAGE.HTM", "<body>", '<body style="margin: 0">'),
    "DRG-WEB-SCRIPT": replace(
        "IHE_PDI/PAGE.HTM", "<body>", '<body><script type="text/vbscript">MsgBox</script>'
    ),
    "DRG-RECORD-TYPE": directory(mrdr),
    "DRG-PRIVATE-ELEMENT": directory(private_element),
    "DRG-VIEWER-INSTALL": write("VIEWER/VIEWER.MSI", b"\xd0\xcf\x11\xe0"),
}
BY_OTHERS = {"PDI-TRANSFER-SYNTAX": "test_compressed_objects_on_a_cd"}


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, real_file_set: Path, run: Callable[..., object]
) -> Path:
    folder = tmp_path_factory.mktemp("pdi") / "medium"
    sources = [real_file_set / name for name in ("77654033", "98892003")]
    assert run("author", *sources, "-o", folder).code == 0
    for name in ("MANIFEST.TXT", "README.TXT", "INDEX.HTM"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "IHE_PDI", ignore_errors=True)
    (folder / "IHE_PDI").mkdir()
    for name, content in (("README.TXT", README), ("INDEX.HTM", INDEX), ("IHE_PDI/PAGE.HTM", PAGE)):
        (folder / name).write_text(content)
    (folder / "IHE_PDI" / "PIC.JPG").write_bytes(JPEG)
    return folder


@pytest.fixture
def medium(tmp_path: Path, made: Path) -> Path:
    """A folder that keeps to all rules of IHE PDI and of the DRG."""
    return Path(shutil.copytree(made, tmp_path / "medium"))


def complaints(medium: Path) -> set[str]:
    findings = verify(medium, pdi=True).findings
    assert all(f.where and f.message and f.remedy and f.reference for f in findings)
    return {f.rule for f in findings if f.rule != "PRO-FORMAT-NOT-JUDGED"}


def test_a_medium_that_keeps_to_ihe_pdi_is_clean(medium: Path) -> None:
    assert complaints(medium) == set()


@pytest.mark.parametrize("rule", BREAKS)
def test_exactly_the_broken_rule_is_told(rule: str, medium: Path) -> None:
    BREAKS[rule](medium)
    assert complaints(medium) == {rule}


def test_pages_in_utf_16_are_read_as_browsers_read_them(medium: Path) -> None:
    for page in (medium / "INDEX.HTM", medium / "IHE_PDI" / "PAGE.HTM"):
        page.write_bytes(page.read_text().encode("utf-16"))
    assert [f for f in verify(medium, pdi=True).findings if f.rule.startswith("PDI-")] == []


def test_every_rule_has_a_case() -> None:
    assert {*BREAKS, *BY_OTHERS} == {rule.id for rule in RULES}
    assert len(BREAKS) + len(BY_OTHERS) == len(RULES)


def test_compressed_objects_on_a_cd(
    tmp_path: Path, test_files: Path, run: Callable[..., object]
) -> None:
    folder = tmp_path / "root"
    folder.mkdir()
    shutil.copy(test_files / "MR_small_RLE.dcm", folder / "I1")
    assert run("dicomdir", folder, "--label", "COMPRESSED").code == 0
    for name, words in (("cd", ()), ("dvd", ("--profile", "STD-GEN-CD"))):
        # The volume is made by another tool: ours keeps to profiles.
        image = tmp_path / f"{name}.iso"
        _iso(folder, image)
        found = run("verify", image, "--pdi", "--json", *words).json["findings"]
        rules = {f["rule"] for f in found}
        # A claimed profile says itself which syntaxes it allows.
        assert ("PDI-TRANSFER-SYNTAX" in rules) is (not words)
        assert ("PRO-TRANSFER-SYNTAX" in rules) is bool(words)


def _iso(folder: Path, image: Path) -> None:
    from datetime import UTC, datetime

    from media import FileRange, NamedSource, write_iso9660

    when = datetime(2026, 1, 1, tzinfo=UTC)
    sources = [
        NamedSource((path.name,), (FileRange(str(path), 0, path.stat().st_size),), when)
        for path in sorted(folder.iterdir())
    ]
    write_iso9660(sources, image, volume_identifier="COMPRESSED", recorded=when)


def test_german_requirements_never_make_a_medium_fail(medium: Path) -> None:
    for rule in BREAKS:
        # Without INDEX.HTM the others have no page to be broken in.
        if rule.startswith("DRG-") and rule not in ("DRG-INDEX", "DRG-WEB-SCRIPT"):
            BREAKS[rule](medium)
    verdict = verify(medium, pdi=True)
    assert verdict.compliant
    assert all("German" in f.message for f in verdict.findings if f.rule.startswith("DRG-"))
    assert not [f for f in verify(medium).findings if f.rule.startswith(("PDI-", "DRG-"))]


def test_the_root_autorun_is_told_once(medium: Path) -> None:
    (medium / "AUTORUN.INF").write_text("[autorun]\n")
    assert complaints(medium) == {"PDI-AUTORUN"}
    assert {f.rule for f in verify(medium).findings} >= {"MED-AUTORUN"}
