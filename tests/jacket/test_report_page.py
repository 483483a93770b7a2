"""The report to print: a verdict first, one line per cause, nothing that a browser would run."""

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from jacket.report import render
from jacket.verification import Verification, verify
from jacket.verify_scope import KINDS, files_in_words, not_judged, satisfied_by_medium
from profiles.application_profiles import FILE_SYSTEMS
from profiles.check_nearest import Nearest
from profiles.profile_table import PROFILES
from reporting import Finding, Severity

WHEN = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


class Text(HTMLParser):
    """The page as a reader sees it, and its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.parts: list[str] = []
        self.feed(page)
        self.close()
        self.text = " ".join(" ".join(self.parts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "every element is closed where it belongs"

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.parts.append(data)


def verdict_of(*findings: Finding, **changes: object) -> Verification:
    values: dict[str, object] = {
        "path": "/media/disc.iso",
        "kind": "iso9660",
        "label": "SMITH",
        "file_set_uid": "1.2.3",
        "file_set_id": "SMITH",
        "profile": "STD-GEN-CD",
        "satisfies": (),
        "instances": 3000,
        "files": 3002,
        "read": 1_587_000_000,
    }
    return Verification(**(values | changes), findings=findings)  # type: ignore[arg-type]


def finding(rule: str = "MAN-DIGEST", number: int = 0, **changes: object) -> Finding:
    found = Finding(
        rule, Severity.ERROR, f"DICOM/I{number:07}", "The content differs", "Do `this`", "PS3.10"
    )
    return found._replace(**changes)


def test_a_clean_medium_reads_so_at_first_sight() -> None:
    page = Text(render(verdict_of(listed=3001), printed=WHEN))
    order = ("✓ COMPLIANT", "What was not judged", "What was looked at", "Findings by cause")
    assert sorted(order, key=page.text.index) == list(order)
    for said in (
        *("SMITH: held against STD-GEN-CD", "3,000 instances", "3,002 files", "1.6 GB"),
        *("2026-11-22 08:30 UTC", "Filmjacket 0.1", "Nothing was found", "UID 1.2.3"),
        *("3,001 files listed with SHA-256", "What was not judged", "ISO 9660"),
    ):
        assert said in page.text
    assert "NOT COMPLIANT" not in page.text


def test_a_file_that_cannot_be_read_is_not_said_to_have_been() -> None:
    verdict = verdict_of(unread=2)
    assert "3,000 read to their ends" in files_in_words(verdict)
    assert "3,000 read to their ends" in render(verdict)


def test_a_note_shows_five_places_and_an_error_sixty() -> None:
    notes = [finding("PRO-NOTE", n, severity=Severity.NOTE) for n in range(70)]
    assert render(verdict_of(*notes)).count("<li><span") == 5
    assert render(verdict_of(*(finding(number=n) for n in range(70)))).count("<li><span") == 60


def test_of_the_manifest_only_what_was_compared_is_said_to_be() -> None:
    text = Text(render(verdict_of(listed=82, compared=82))).text
    assert "82 files listed with SHA-256, each compared" in text
    text = Text(render(verdict_of(listed=82, compared=81))).text
    assert "82 files listed with SHA-256, 81 compared: the rest is not there" in text


def test_a_medium_that_satisfies_no_profile_says_so_first() -> None:
    nearest = Nearest("STD-GEN-CD", ("PRO-TRANSFER-SYNTAX",))
    text = Text(render(verdict_of(profile=None, nearest=nearest))).text
    assert text.index("✗ satisfies no application profile") < text.index("What was looked at")
    assert "Nearest is STD-GEN-CD. Against it:" in text
    assert "PRO-TRANSFER-SYNTAX: the profile does not allow this transfer syntax" in text


def test_one_cause_in_three_thousand_files_is_one_line() -> None:
    findings = [finding(number=number) for number in range(3000)]
    page = Text(render(verdict_of(*findings, finding("DIR-EMPTY", message="x"))))
    assert "3,001 errors from 2 causes." in page.text
    assert page.text.count("The content differs") == 2  # in the table, and with its places
    assert "and 2,940 more" in page.text
    assert len(render(verdict_of(*findings))) < 40_000


def test_nothing_is_run_or_fetched_and_a_hostile_name_stays_text() -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=y>\x1b[31m\u202e'
    page = render(verdict_of(finding(where=hostile, message=hostile), label=hostile, path=hostile))
    seen = Text(page)
    assert {tag for tag, _ in seen.tags} <= {
        *("html", "head", "meta", "title", "style", "body", "header", "p", "h1", "h2", "h3"),
        *("span", "table", "thead", "tr", "th", "td", "code", "a", "section", "strong", "ul"),
        *("li", "wbr", "footer"),
    }
    for _, attributes in seen.tags:
        assert not {"src", "onerror", "style"} & attributes.keys()
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in page
    assert "@import" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_the_page_is_made_for_paper_and_for_readers() -> None:
    page = render(verdict_of(finding()))
    assert '<html lang="en">' in page
    assert "@media print" in page
    assert "@page" in page
    (paper,) = re.findall(r"@page {([^}]*)}", page)
    assert "size" not in paper  # A4 or Letter, as the printer has it
    headings = re.findall(r"<h([1-3])", page)
    assert headings[0] == "1"
    assert headings.count("1") == 1


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_colour_of_text_has_the_contrast_that_wcag_asks_for() -> None:
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", render(verdict_of())))
    assert colours.keys() == {"ink", "soft", "line", "tint", "good", "bad", "warn", "info"}
    for name in colours.keys() - {"line", "tint"}:
        for paper in ("#ffffff", colours["tint"]):
            lighter, darker = luminance(paper), luminance(colours[name])
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, name


def test_what_is_satisfied_stands_under_the_names_of_media() -> None:
    identifiers = tuple(PROFILES)
    groups = satisfied_by_medium((*identifiers, "PRI-LOCAL"))
    assert [i for _, ids in groups for i in ids if i != "PRI-LOCAL"] != []
    assert sorted(i for _, ids in groups for i in ids) == sorted((*identifiers, "PRI-LOCAL"))
    assert groups[-1] == ("declared by file", ["PRI-LOCAL"])
    page = Text(render(verdict_of(profile=None, satisfies=identifiers)))
    assert "USB stick STD-GEN-USB-JPEG" in page.text
    assert all(identifier in page.text for identifier in identifiers)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"profile": None}, "No application profile"),
        ({"kind": "folder"}, "A folder has no medium"),
        ({}, "An image does not tell"),
        ({"listed": None}, "no MANIFEST.TXT"),
        ({"unseen": ("A", "B")}, "S/MIME) was not seen, so A and B are not among"),
        ({"secure": 1}, "1 Secure DICOM File is encrypted"),
        ({"secure": 1200}, "1,200 Secure DICOM Files are encrypted"),
        ({"pdi": False}, "IHE PDI were not asked for"),
    ],
)
def test_what_was_not_judged_is_said(changes: dict[str, object], said: str) -> None:
    assert any(said in sentence for sentence in not_judged(verdict_of(**changes)))


def test_every_file_system_has_a_name_for_people() -> None:
    assert {name for names in FILE_SYSTEMS.values() for name in names} <= KINDS.keys()


def test_a_foreign_disc_is_reported_whole(shared_data: Path) -> None:
    verdict = verify(shared_data / "nema-wg04-compsamples", "STD-GEN-CD", pdi=True)
    page = Text(render(verdict))
    assert not page.open
    assert {f.rule for f in verdict.findings} <= set(page.text.split())


def test_the_command_writes_it(
    tmp_path: Path, two_patients: Path, run: Callable[..., object]
) -> None:
    shutil.rmtree(tmp_path / "medium", ignore_errors=True)
    assert run("author", two_patients, "-o", tmp_path / "medium").code == 0
    page = tmp_path / "page.html"
    said = run("verify", tmp_path / "medium", "--pdi", "--html", page)
    assert said.code == 1  # README.TXT is missing
    text = Text(page.read_text(encoding="utf-8")).text
    assert "✓ COMPLIANT with the general rules for DICOM media ✗ NOT COMPLIANT with IHE PDI" in text
    assert "not judged:" in said.out
    lines = [line for line in said.out.splitlines() if str(tmp_path) not in line]
    assert max(map(len, lines)) <= 100
