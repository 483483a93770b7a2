"""The verification report to print: a verdict first, then causes, then every place."""

import unicodedata
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup, escape

from jacket import __version__, console
from jacket.verification import Verification, causes
from reporting import Severity

_MOST_PLACES = 200  # of one cause; the JSON output has them all


def render(verdict: Verification, *, printed: datetime | None = None) -> str:
    """Return the report as one HTML page that needs no other file.

    Args:
        verdict: of `verify`.
        printed: the date on the report; now when None.
    """
    environment = Environment(
        loader=PackageLoader("jacket", "."),
        autoescape=select_autoescape(("html",)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = _plain
    environment.filters["prose"] = _prose
    environment.filters["path"] = _path
    environment.filters["size"] = console.size
    environment.filters["thousands"] = lambda number: f"{number:,}"
    groups = [
        {
            "example": example,
            "headline": headline,
            "number": len(group),
            "places": [
                (f.where, "" if f.message == headline else f.message) for f in group[:_MOST_PLACES]
            ],
        }
        for example, headline, group in causes(verdict.findings)
    ]
    return environment.get_template("report.html").render(
        verdict=verdict,
        groups=groups,
        counts={s.value: verdict.count(s) for s in Severity},
        printed=(printed or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC"),
        version=__version__,
        most=_MOST_PLACES,
    )


def _prose(text: str) -> Markup:
    """Return a sentence of ours with what stands between backticks as code."""
    parts = _plain(text).split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )


def _path(text: str) -> Markup:
    """Return a path that breaks only between its components."""
    return Markup("/<wbr>").join(escape(part) for part in _plain(text).split("/"))


def _plain(text: str) -> str:
    """Return *text* without what could steer a browser or a printer: names come from media."""
    return "".join(
        c if c == " " or unicodedata.category(c)[0] != "C" else f"\\x{ord(c):02x}" for c in text
    )
