"""The verification report to print: verdict, what it does not cover, then causes and places."""

import unicodedata
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from jacket import __version__, console
from jacket.verification import Verification, causes
from jacket.verify_causes import Cause
from jacket.verify_scope import (
    directory_in_words,
    files_in_words,
    headline,
    kind_in_words,
    manifest_in_words,
    not_judged,
    satisfied_by_medium,
    whose_in_doubt,
    why_none,
)
from reporting import Severity

_MOST_PLACES = 60  # of one cause; the JSON output has them all
_MOST_OF_A_NOTE = 5  # a note is not worth a page of places
_NARROW = 44  # characters of a place that fit twice beside each other


def render(verdict: Verification, *, printed: datetime | None = None) -> str:
    """Return the report as one HTML page that needs no other file.

    Args:
        verdict: of `verify`.
        printed: the date on the report; now when None.
    """
    groups = [_group(cause) for cause in causes(verdict.findings)]
    return (
        _environment()
        .get_template("report.html")
        .render(
            verdict=verdict,
            title=verdict.label or Path(verdict.path).resolve().name,
            kind=kind_in_words(verdict.kind, is_mail=verdict.is_mail),
            groups=groups,
            counts={s.value: verdict.count(s) for s in Severity},
            causes=Counter(group["severity"] for group in groups),
            satisfied=satisfied_by_medium(verdict.satisfies),
            why_none=why_none(verdict),
            headline=headline(verdict),
            directory=directory_in_words(verdict),
            in_doubt="; ".join(whose_in_doubt(verdict)),
            files=files_in_words(verdict),
            manifest=manifest_in_words(verdict),
            not_judged=not_judged(verdict),
            printed=(printed or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC"),
            version=__version__,
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("jacket", "."),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = _plain
    environment.filters["prose"] = _prose
    environment.filters["path"] = _path
    environment.filters["size"] = console.size
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.globals["amount"] = console.amount
    return environment


def _group(cause: Cause) -> dict[str, Any]:
    example, what, group, _ = cause
    most = _MOST_OF_A_NOTE if example.severity is Severity.NOTE else _MOST_PLACES
    places = [(f.where, cause.beyond(f)) for f in group[:most]]
    return {
        "severity": example.severity.value,
        "rule": example.rule,
        "anchor": f"{example.rule}-{example.severity.value}",
        "reference": example.reference,
        "remedy": example.remedy,
        "headline": what,
        "number": len(group),
        "places": places,
        "wide": any(message for _, message in places) or any(len(w) > _NARROW for w, _ in places),
        "more": max(0, len(group) - most),
    }


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
