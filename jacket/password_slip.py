"""The sheet that tells a recipient the password of an encrypted medium: printed, handed over."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from textwrap import wrap
from typing import Final, NamedTuple

from jacket.fitting_text import fitted
from jacket.password_drawing import draw_password, draw_qr
from jacket.pdf_page import Page
from reporting import CannotWrite, WrongUsage
from secure.password import octets_of

_TITLE: Final = "Password for encrypted medical images"
_SIMULATED: Final = "SIMULATED, NOTHING WAS BURNED"
# All is 64 points or more from the upper and the lower edge: a printer with Letter paper (612 by
# 792) shows the page whole, whether it scales it or cuts it.
_LEFT, _RIGHT = 48, 547
_BOX, _WARNING = 616, 132  # where the password begins, and the warning
_STEPS: Final = 150  # points, the height of the steps and of the QR code
_GREY, _WHITE = 0.4, 1.0
_KIND, _MEDIUM, _LINE = 12, 44, 69  # characters that have room


class PasswordSlip(NamedTuple):
    """What stands on the sheet. Of the patient only what the caller puts into *line*."""

    password: str
    medium: str  # label or number
    day: date  # on which the medium is made
    kind: str = "disc"  # what people call it: disc, stick, file
    line: str = ""  # anything more, such as whom the sheet is for
    has_viewer: bool = False  # on the medium
    is_simulated: bool = False  # the drive is: there is no medium

    def __repr__(self) -> str:
        return f"<PasswordSlip of {self.medium!r}>"  # never the password


def write_slip(slip: PasswordSlip, path: Path, medium: Path | None = None) -> None:
    """Write the sheet to *path*, which its owner alone can read, as a whole or not at all.

    A sheet that is there already is never replaced: it may be all that opens another medium.

    Args:
        slip: what stands on it.
        path: of the new file.
        medium: the folder (or image) of the medium: password and medium go separate ways.

    Raises:
        CannotWrite: it is there already, or cannot be written.
        WrongUsage: it would lie on the medium, or the password is none (PS3.15 D.1.1).
    """
    from media.aside import not_written

    refuse_path(path, medium)
    content = render_slip(slip)
    try:
        _write(path, content)
    except FileExistsError as error:
        raise _is_there(path) from error
    except OSError as error:
        raise not_written(error, str(path)) from error


def refuse_path(path: Path, medium: Path | None = None) -> None:
    """Find out before a medium is made that its sheet cannot be written to *path*.

    Raises:
        CannotWrite: it is there already.
        WrongUsage: it would lie on the medium.
    """
    if medium is not None and _lies_in(path, medium):
        raise WrongUsage(
            "the password would lie on the medium that it opens",
            str(path),
            "Name a file elsewhere, and keep it apart from the medium",
        )
    if os.path.lexists(path):
        raise _is_there(path)


def _lies_in(path: Path, medium: Path) -> bool:
    if path.resolve().is_relative_to(medium.resolve()):
        return True
    # By another way, such as letters of another case or a second mount.
    with suppress(OSError):
        return any(folder.samefile(medium) for folder in path.absolute().parents)
    return False


def _is_there(path: Path) -> CannotWrite:
    return CannotWrite(
        "is there already, and may be all that is left of another password",
        str(path),
        "Choose another name, or remove it if its medium is not needed any more",
    )


def _write(path: Path, content: bytes) -> None:
    # Not by way of `media.file_aside`: what that makes others may read, and it ends the time in
    # which a job can be interrupted.
    from media.aside import aside_path, remove_leftovers, sync_folder

    remove_leftovers(path)
    aside = aside_path(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(aside, flags, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        _give_name(aside, path)
        sync_folder(path.parent)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def _give_name(aside: Path, path: Path) -> None:
    """Rename *aside* to *path*, unless that is there, whatever it is."""
    try:
        path.hardlink_to(aside)  # A rename would replace what came there meanwhile.
    except FileExistsError:
        raise
    except OSError:  # FAT knows no second names.
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        aside.rename(path)


def render_slip(slip: PasswordSlip) -> bytes:
    """Return the sheet: one page of PDF, A4; the same slip gives the same bytes.

    Letters outside of Windows-1252 lose their marks or become question marks; the password has
    none of these.

    Raises:
        BadPassword: the password is empty, too long, or has characters outside of ISO IR 6.
    """
    octets_of(slip.password)
    page = Page()
    kind = fitted(slip.kind, "cp1252")[:_KIND]
    _draw_head(page, slip, kind)
    end = draw_password(page, slip.password, (_LEFT, _RIGHT), _BOX)
    top = (end + _WARNING + _STEPS) / 2  # in the middle of what is left
    _draw_steps(page, _steps(kind, has_viewer=slip.has_viewer), top)
    below = draw_qr(page, slip.password, _RIGHT, top, _STEPS)
    page.text(_RIGHT - _STEPS, below - 7, "The password, to be scanned", "Helvetica", 9, _GREY)
    _draw_warning(page, kind)
    return page.encode(_SIMULATED if slip.is_simulated else _TITLE)


def _draw_head(page: Page, slip: PasswordSlip, kind: str) -> None:
    if slip.is_simulated:
        page.fill([(_LEFT, 737, _RIGHT - _LEFT, 40)])
        page.text(_LEFT + 12, 748, _SIMULATED, "Helvetica-Bold", 26, _WHITE)
        said = f"There is no {kind} that this password opens. A sheet would look like this."
    else:
        page.text(_LEFT, 744, _TITLE, "Helvetica-Bold", 25)
        said = f"It opens the images on the {kind} that is named here, and nothing else."
    page.text(_LEFT, 722, said, "Helvetica", 11.5, _GREY)
    page.line(((_LEFT, 708), (_RIGHT, 708)), 1)
    _draw_field(page, _LEFT, kind.upper(), slip.medium)
    _draw_field(page, 440, "DATE", f"{slip.day:%Y-%m-%d}")
    for number, line in enumerate(wrap(fitted(slip.line, "cp1252"), _LINE)[:2]):
        page.text(_LEFT, 654 - 15 * number, line, "Courier-Bold", 12)


def _draw_field(page: Page, x: float, name: str, value: str) -> None:
    page.text(x, 690, name, "Helvetica", 8, _GREY)
    shown = fitted(value, "cp1252")
    if len(shown) > _MEDIUM:
        shown = shown[: _MEDIUM - 3] + "..."
    page.text(x, 675, shown, "Courier-Bold", 14)


def _draw_steps(page: Page, steps: Iterable[tuple[str, str]], top: float) -> None:
    page.text(_LEFT, top - 12, "How to open the images", "Helvetica-Bold", 16)
    y = top - 44
    for number, (head, text) in enumerate(steps, 1):
        page.dot(_LEFT + 11, y - 4, 11)
        page.text(_LEFT + 7.7, y - 8, str(number), "Helvetica-Bold", 12, _WHITE)
        page.text(_LEFT + 34, y, head, "Helvetica-Bold", 11.5)
        page.text(_LEFT + 34, y - 14, text, "Helvetica", 10.5)
        y -= 44


def _steps(kind: str, *, has_viewer: bool) -> Iterator[tuple[str, str]]:
    if has_viewer:
        yield f"Start the viewer on the {kind}", "If it does not start, see README.TXT beside it."
    else:
        yield f"Open README.TXT on the {kind}", "It is not encrypted, and tells all that follows."
        yield "Take Filmjacket or OpenSSL", "Run jacket decrypt, or type the lines for OpenSSL."
    yield "Type the password when it is asked for", "Small and capital letters differ."


def _draw_warning(page: Page, kind: str) -> None:
    page.fill([(_LEFT, 70, 5, _WARNING - 70)])
    x = _LEFT + 18
    page.text(x, 115, f"Keep this sheet apart from the {kind}.", "Helvetica-Bold", 16)
    for y, line in (
        (95, "Whoever has both can see the images. Without the password nobody can:"),
        (81, f"if it is lost, ask those who gave you the {kind}."),
    ):
        page.text(x, y, line, "Helvetica", 10.5)
