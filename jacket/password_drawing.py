"""A password drawn on a page: to be typed without a mistake, and to be scanned."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from textwrap import wrap
from typing import Final

from jacket.password_text import counted, groups_of, in_lines, misleading
from jacket.pdf_page import COURIER, Font, Page

_INSIDE: Final = 12  # from the edge of the box to the password
_SIZES: Final = (32, 28, 24, 20, 17, 14, 12, 10, 8)  # points of the password's type
_LARGE: Final = 20  # down to here one line is better than a larger type in two
_SMALL: Final = 12  # from here down lines are cut anywhere: there are many words
_TALLEST: Final = 120  # points of all lines
_SPACING: Final = 1.35  # of lines, in parts of the type's size
_ASCENT: Final = 0.92  # of the baseline below the top of a line, in parts of the type's size
# How the mark of a space, an open box, is drawn; in parts of the type's size.
_MARK: Final = ((0.1, -0.04), (0.1, -0.16), (0.5, -0.16), (0.5, -0.04))
_NOTE: Final = 15  # points from one line below the box to the next
_GROUP, _WORDS = 11, 9  # points of the type of groups and of the words for characters
_MOST_LINES: Final = 4  # of groups, and of words; more of them would help nobody
_GREY, _PALE = 0.4, 0.965
_QUIET: Final = 4  # modules that stay white around a QR code (ISO/IEC 18004 5.3.8)

Sheet = tuple[float, float]  # left and right edge, in points


def draw_password(page: Page, password: str, sheet: Sheet, top: float) -> float:
    """Draw the password in a box, and below what is to be known of it; return where that ends."""
    left, right = sheet
    size, lines = _largest(password, right - left - 2 * _INSIDE)
    step = size * _SPACING
    bottom = top - len(lines) * step - 2 * _INSIDE
    page.box(left, bottom, right - left, top - bottom, _PALE, _GREY)
    for number, line in enumerate(lines):
        width = len(line) * COURIER * size
        x = (left + right - width) / 2 if len(lines) == 1 else left + _INSIDE
        _draw_line(page, line, x, top - _INSIDE - number * step - size * _ASCENT, size)
    y = bottom - 18
    page.text(left, y, counted(password), "Helvetica-Bold", 10.5)
    hints = " ".join(_hints(password, len(lines)))
    if hints:
        y -= _NOTE
        page.text(left, y, hints, "Helvetica", 10.5)
    return _draw_words(page, password, sheet, _draw_groups(page, password, sheet, y))


def _hints(password: str, lines: int) -> Iterator[str]:
    if " " in password:
        yield "Press the space bar once at each mark."
    if lines > 1:
        yield "The lines are one: do not press Enter between them."


def _largest(password: str, width: float) -> tuple[float, Sequence[str]]:
    """Return the largest type in which the password has room, and its lines."""
    for size in _SIZES:
        length = int(width / (COURIER * size))
        lines = in_lines(password, length, at_spaces=size > _SMALL)
        is_low = len(lines) * size * _SPACING <= _TALLEST
        could_be_one = len(lines) > 1 and len(password) <= width / (COURIER * _LARGE)
        if is_low and not could_be_one:
            break
    return size, lines


def _draw_line(page: Page, line: str, x: float, y: float, size: float) -> None:
    """Draw a line of the password, with a mark wherever a space is."""
    page.text(x, y, line, "Courier-Bold", size)
    for place, character in enumerate(line):
        if character == " ":
            left = x + place * COURIER * size
            page.line([(left + a * size, y + b * size) for a, b in _MARK], size / 18, _GREY)


def _draw_groups(page: Page, password: str, sheet: Sheet, y: float) -> float:
    """Draw the groups, and in words the spaces between them; nothing where they are too many."""
    groups = groups_of(password)
    words = [one if isinstance(one, str) else _spaces(one) for one in groups]
    width = COURIER * _GROUP
    places = list(_places(words, int((sheet[1] - sheet[0]) / width)))
    if len(words) == 1 or places[-1][0] >= _MOST_LINES:
        return y
    for word, group, (line, column) in zip(words, groups, places, strict=True):
        font: Font = "Courier-Bold" if isinstance(group, str) else "Courier"
        grey = 0 if isinstance(group, str) else _GREY
        at = sheet[0] + column * width, y - _NOTE * (line + 1)
        page.text(*at, word, font, _GROUP, grey)
    return y - _NOTE * (places[-1][0] + 1)


def _spaces(number: int) -> str:
    return "space" if number == 1 else f"{number} spaces"


def _places(words: Iterable[str], length: int) -> Iterator[tuple[int, int]]:
    """Yield line and column of each word; a line too far down where one is longer than a line."""
    line = column = 0
    for word in words:
        if column and column + len(word) > length:
            line, column = line + 1, 0
        if len(word) > length:
            line = _MOST_LINES
        yield line, column
        column += len(word) + 1


def _draw_words(page: Page, password: str, sheet: Sheet, y: float) -> float:
    """Draw what the characters are called that are easily mistaken."""
    # What belongs together is held together by a sign that `wrap` does not take for a space.
    listed = "; ".join(one.replace(" ", "\0") for one in misleading(password))
    if not listed:
        return y
    length = int((sheet[1] - sheet[0]) / (COURIER * _WORDS))
    lines = wrap(f"Easily mistaken: {listed}", length, break_on_hyphens=False)
    for line in lines[:_MOST_LINES]:
        y -= _NOTE
        page.text(sheet[0], y, line.replace("\0", " "), "Courier", _WORDS)
    return y


def draw_qr(page: Page, password: str, right: float, top: float, size: float) -> float:
    """Draw the QR code of the password, and of nothing else; return where its white edge ends.

    Args:
        page: with room for that edge around the code.
        password: as it is typed.
        right: where its dark part ends.
        top: where that begins.
        size: of that, in points.
    """
    import segno  # not at the top, as it takes longer than the rest

    code = segno.make_qr(password, error="m")
    modules = tuple(code.matrix)
    side = size / len(modules)
    page.fill(
        (right - size + start * side, top - (row + 1) * side, length * side, side)
        for row, line in enumerate(modules)
        for start, length in _runs(line)
    )
    return top - size - _QUIET * side


def _runs(line: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield where dark modules begin, and how many follow one another."""
    place = 0
    for is_dark, modules in groupby(line):
        length = len(list(modules))
        if is_dark:
            yield place, length
        place += length
