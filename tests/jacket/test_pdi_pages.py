"""Pages of foreign media are read in bounded time, and links are looked up as a browser would."""

import time

import pytest

from jacket.pdi_links import Places
from jacket.pdi_pages import Page

PLACES = Places([("INDEX.HTM",), ("IHE_PDI", "PAGE.HTM"), ("IHE_PDI", "A B.JPG"), ("X", "Y", "Z")])
PAGE = ("IHE_PDI", "PAGE.HTM")


@pytest.mark.parametrize(
    ("link", "rule", "name"),
    [
        ("PAGE.HTM", "", PAGE),
        ("page.htm", "", PAGE),
        ("Page.htm", "PDI-LINK-CASE", PAGE),
        ("./page.htm?x=1#y", "", PAGE),
        ("#top", "", PAGE),
        ("", "", PAGE),
        ("a%20b.jpg", "", ("IHE_PDI", "A B.JPG")),
        ("../index.htm", "", ("INDEX.HTM",)),
        ("../x/y/", "", ("X", "Y")),
        ("other.htm", "PDI-LINK", ()),
        ("page.htm/more", "PDI-LINK", ()),
        ("http://[", "PDI-LINK", ()),
        ("../../index.htm", "PDI-LINK-LEAVES", ()),
        ("%2e%2e/%2e%2e/etc/passwd", "PDI-LINK-LEAVES", ()),
        ("/index.htm", "PDI-LINK-LEAVES", ()),
        ("\\index.htm", "PDI-LINK-LEAVES", ()),
        ("file:///C:/autoexec.bat", "PDI-LINK-LEAVES", ()),
        ("C:\\windows", "PDI-LINK-LEAVES", ()),
        ("mailto:a@example.org", "", ()),
        ("http://example.org/", "", ()),
        ("//example.org/", "", ()),
    ],
)
def test_links_are_looked_up_without_being_followed(
    link: str, rule: str, name: tuple[str, ...]
) -> None:
    assert PLACES.resolve(PAGE, link, fetched=False) == (rule, name)


def test_what_a_browser_fetches_must_be_on_the_medium() -> None:
    for link in ("http://example.org/a.jpg", "//example.org/a.js", "https://example.org/a.css"):
        assert PLACES.resolve(PAGE, link, fetched=True).rule == "PDI-LINK-LEAVES"


def test_links_are_found_with_what_fetches_them() -> None:
    page = Page(
        b'<html><body background="b.jpg"><!-- <a href="no.htm">no</a> --><a HREF=one.htm>1</a>'
        b"<A href='two.htm'>2</A><img src=\"three.jpg\"/><script>var a = '<a href=\"no.htm\">';"
        b'</script><link rel="next" href="four.htm"><a name="x">x</a>'
        b'<a href="five&amp;six.htm">5</a>'
    )
    assert page.links == {
        "b.jpg": True,
        "one.htm": False,
        "two.htm": False,
        "three.jpg": True,
        "four.htm": True,
        "five&six.htm": False,
    }
    assert (page.whole, page.active, page.styles, page.other_scripts) == (True,) + (False,) * 3


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Patient ID: 4711 Name", {"4711"}),
        ("<b>Patient ID</b>: <i>4711</i>", {"4711"}),
        ("PatientID=4711", {"4711"}),
        ("Patienten-ID: 4711", {"4711"}),
        ("Pat.-ID 4711", {"4711"}),
        ("the patient is here", set()),
        ("patient identity", set()),
    ],
)
def test_patients_are_found_by_the_words_before_their_number(text: str, ids: set[str]) -> None:
    assert Page(text.encode()).patient_ids() == ids


def test_uids_of_somebody_are_found_and_those_of_dicom_are_not() -> None:
    page = Page(b"<p>1.2.276.0.7230010.3.1.4 is not 1.2.840.10008.5.1.4.1.1.2 nor 10.1.2.3</p>")
    assert page.uids() == {"1.2.276.0.7230010.3.1.4"}


@pytest.mark.parametrize(
    "content",
    [
        b"<" * (2 << 20),
        b"<a " * 700_000,
        b"<a href='" * 200_000,
        b"<!-- " * 400_000,
        b"<a" + b" a=" * 600_000,
        b"<a" + b"/" * (2 << 20),
        b"<![CDATA[" * 200_000,
        b"<?php " * 300_000,
        b"</" * (1 << 20),
        b"&#" * (1 << 20),
        b"<script>" * 200_000,
        b"patient id " * 190_000,
        b"1." * (1 << 20),
        b"\xff\xfe" * (1 << 20),
        b"<a href=x" + b"y" * 5000 + b">" * 400_000,
    ],
)
def test_a_hostile_page_ends_in_bounded_time(content: bytes) -> None:
    begun = time.process_time()
    page = Page(content, seconds=0.3)
    page.uids()
    page.patient_ids()
    assert time.process_time() - begun < 3


def test_a_page_that_takes_too_long_is_said_to_be_half_read() -> None:
    ticks = iter(range(1000))
    page = Page(b"<a href=1><a href=2><a href=3>" * 100, clock=lambda: float(next(ticks)))
    assert not page.whole
