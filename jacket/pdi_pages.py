"""What a web page of a medium links to and names; read in bounded time, and never shown.

The page is cut up before each "<", so that the parser never has more than one tag before it: on
text that is made to be slow it would else look for the end of each tag through all of the rest.
"""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from time import monotonic
from typing import Final

LARGEST_PAGE: Final = 2 << 20  # bytes
_LONGEST_TAG: Final = 4096  # characters; a longer one is no link
_MOST_LINKS: Final = 20_000
SECONDS: Final = 2.0  # for one page; an honest one takes some milliseconds

_FOLLOWED: Final = frozenset((("a", "href"), ("area", "href")))  # the reader decides to go there
# What a browser fetches by itself to show the page.
_FETCHED: Final = frozenset(
    (
        *(("img", "src"), ("frame", "src"), ("iframe", "src"), ("script", "src"), ("input", "src")),
        *(("link", "href"), ("body", "background"), ("object", "data"), ("embed", "src")),
        *(("applet", "archive"), ("base", "href"), ("form", "action")),
    )
)
_ACTIVE: Final = frozenset(("object", "applet", "embed"))
_JAVASCRIPT: Final = frozenset(
    (
        *("", "javascript", "text/javascript", "application/javascript", "module"),
        *("application/ecmascript", "text/ecmascript"),
    )
)
_UID: Final = re.compile(r"(?<![\d.])[0-2](?:\.(?:0|[1-9]\d*)){5,}(?![\d.])")
_OF_DICOM: Final = "1.2.840.10008."
_PATIENT_ID: Final = re.compile(
    r"(?:patient(?:en|'s)?[\s_-]?(?:id\b|number|nummer|no\b\.?)|pat\.?[\s_-]?id\b)\s*[:=#]?\s*"
    r"([^\s,;()<>]{1,64})",
    re.IGNORECASE,
)


def _as_text(content: bytes) -> str:
    """Return a page as text; a byte order mark tells of UTF-16, as browsers take it."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    return content.decode("utf-8", "replace")


class Page(HTMLParser):
    """What was found in one page."""

    def __init__(
        self, content: bytes, seconds: float = SECONDS, clock: Callable[[], float] = monotonic
    ) -> None:
        """Read a page for some *seconds* at the most."""
        super().__init__(convert_charrefs=True)
        self.links: dict[str, bool] = {}  # as written → whether a browser fetches it by itself
        self.active = self.styles = self.other_scripts = False
        self.whole = len(content) <= LARGEST_PAGE
        self._text: list[str] = []
        self._raw = ""  # the element whose content is no markup: script or style
        end = clock() + seconds
        for piece in _pieces(_as_text(content[:LARGEST_PAGE])):
            if clock() > end or len(self.links) >= _MOST_LINKS:
                self.whole = False
                break
            self._take(piece)
        self.text = " ".join(" ".join(self._text).split())

    def _take(self, piece: str) -> None:
        if self._raw and not piece[:9].lower().startswith("</" + self._raw):
            return
        self._raw = ""
        if len(piece) > _LONGEST_TAG and ">" not in piece[:_LONGEST_TAG]:
            return
        self.feed(piece)
        self.close()
        self.reset()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        for name, value in values.items():
            if (tag, name) in _FOLLOWED or (tag, name) in _FETCHED:
                self.links[value] = self.links.get(value, False) or (tag, name) in _FETCHED
        self.active = self.active or tag in _ACTIVE
        sheet = tag == "link" and "stylesheet" in values.get("rel", "").lower()
        self.styles = self.styles or tag == "style" or "style" in values or sheet
        language = values.get("type", "") or values.get("language", "")
        if tag == "script" and language.strip().lower() not in _JAVASCRIPT:
            self.other_scripts = True
        if tag in ("script", "style"):
            self._raw = tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._raw = ""

    def handle_data(self, data: str) -> None:
        if not self._raw:
            self._text.append(data)

    def uids(self) -> set[str]:
        """Return what looks like a UID of somebody's object; those of DICOM itself left out."""
        return {uid for uid in _UID.findall(self.text) if not uid.startswith(_OF_DICOM)}

    def patient_ids(self) -> set[str]:
        """Return what stands after the words "Patient ID" or their like."""
        return set(_PATIENT_ID.findall(self.text))


def _pieces(text: str) -> Iterator[str]:
    """Yield *text* cut before each "<", comments left out."""
    position = 0
    while position < len(text):
        if text.startswith("<!--", position):
            end = text.find("-->", position + 4)
            if end < 0:
                return
            position = end + 3
            continue
        after = text.find("<", position + 1)
        after = len(text) if after < 0 else after
        yield text[position:after]
        position = after
