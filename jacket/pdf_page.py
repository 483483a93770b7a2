"""One page of PDF, for sheets that are handed out: text, lines and filled shapes, nothing more.

The fonts are of the standard 14 that every reader has (ISO 32000-1 9.6.2.2). There is no clock
and no identifier in the file: the same page is the same bytes.
"""

from collections.abc import Iterable
from typing import Final, Literal, Self

Font = Literal["Helvetica", "Helvetica-Bold", "Courier", "Courier-Bold"]

WIDTH, HEIGHT = 595, 842  # points of 1/72 inch: A4
COURIER: Final = 0.6  # width of every character of Courier, in parts of the font's size
_FONTS: Final[tuple[Font, ...]] = ("Helvetica", "Helvetica-Bold", "Courier", "Courier-Bold")
_ROUND: Final = 0.5523  # where a Bezier curve has its handles to look like a quarter of a circle


class Page:
    """A page that is drawn on from first to last; later marks cover earlier ones.

    Places and sizes are points; x goes right and y goes up from the lower left corner. A shade of
    grey is 0 for black to 1 for white.
    """

    def __init__(self) -> None:
        self._operators: list[str] = []

    def text(self, x: float, y: float, text: str, font: Font, size: float, grey: float = 0) -> Self:
        """Write one line of *text* from *x*, its baseline at *y*.

        Raises:
            UnicodeEncodeError: a character is not in Windows-1252.
        """
        # In hexadecimal digits, where no character needs an escape.
        coded = text.encode("cp1252").hex()
        number = _FONTS.index(font)
        return self._add(
            f"{_number(grey)} g BT /F{number} {_number(size)} Tf",
            f"{_number(x)} {_number(y)} Td <{coded}> Tj ET",
        )

    def line(self, points: Iterable[tuple[float, float]], width: float, grey: float = 0) -> Self:
        """Draw a line of some *width* through *points*."""
        (x, y), *others = points
        return self._add(
            f"{_number(grey)} G {_number(width)} w {_number(x)} {_number(y)} m",
            *(f"{_number(x)} {_number(y)} l" for x, y in others),
            "S",
        )

    def fill(
        self, rectangles: Iterable[tuple[float, float, float, float]], grey: float = 0
    ) -> Self:
        """Fill rectangles (x, y, width, height) as one shape: no seams show between them."""
        places = (" ".join(map(_number, rectangle)) + " re" for rectangle in rectangles)
        return self._add(f"{_number(grey)} g", *places, "f")

    def box(
        self, x: float, y: float, width: float, height: float, grey: float, edge: float
    ) -> Self:
        """Fill a rectangle with *grey*, and draw its edge in another one."""
        place = " ".join(map(_number, (x, y, width, height)))
        return self._add(f"{_number(grey)} g {_number(edge)} G 1 w {place} re B")

    def dot(self, x: float, y: float, radius: float, grey: float = 0) -> Self:
        """Fill a circle around *x* and *y*."""
        handle = radius * _ROUND
        quarters = (
            (radius, handle, handle, radius, 0, radius),
            (-handle, radius, -radius, handle, -radius, 0),
            (-radius, -handle, -handle, -radius, 0, -radius),
            (handle, -radius, radius, -handle, radius, 0),
        )
        return self._add(
            f"{_number(grey)} g {_number(x + radius)} {_number(y)} m",
            *(_curve(x, y, quarter) for quarter in quarters),
            "f",
        )

    def _add(self, *operators: str) -> Self:
        self._operators += operators
        return self

    def encode(self, title: str) -> bytes:
        """Return the file (ISO 32000-1 7.5).

        Args:
            title: shown by readers; ASCII without brackets and backslashes.
        """
        content = "\n".join(self._operators).encode("ascii")
        fonts = " ".join(f"/F{number} {number + 6} 0 R" for number in range(len(_FONTS)))
        objects = [
            b"<< /Type /Catalog /Pages 2 0 R /Lang (en)"
            b" /ViewerPreferences << /DisplayDocTitle true >> >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}]"
            f" /Resources << /Font << {fonts} >> >> /Contents 4 0 R >>".encode("ascii"),
            b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
            f"<< /Title ({title}) >>".encode("ascii"),
            *(
                f"<< /Type /Font /Subtype /Type1 /BaseFont /{font}"
                " /Encoding /WinAnsiEncoding >>".encode("ascii")
                for font in _FONTS
            ),
        ]
        return _file_of(objects)


def _curve(x: float, y: float, quarter: tuple[float, ...]) -> str:
    places = (value + (y if odd % 2 else x) for odd, value in enumerate(quarter))
    return " ".join(map(_number, places)) + " c"


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _file_of(objects: list[bytes]) -> bytes:
    """Return a file of *objects*: the first is the catalog, the fifth tells of the document."""
    # The second line says that the file is not text (7.5.2).
    file = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    file += b"".join(b"%010d 00000 n \n" % place for place in places)
    file += b"trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\n" % (len(objects) + 1)
    file += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(file)
