"""Opens a mail as a medium, whatever protects it as a whole."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from drivers import ImageFile
from drivers.closing import ClosesItself
from media.enclosing import EnclosedMedium
from media.entry import Entry, FileReader, Medium
from media.finding_list import FindingList
from media.locked import Locked
from media.mime.parts import headers_of, read_mail
from media.mime.read import files_in
from media.mime.unsealed import MailProtection, unsealed
from media.source import Name
from reporting import FilmjacketError, Finding

if TYPE_CHECKING:
    from secure import Keys


class MailFile(NamedTuple):
    """The file that a mail is, and how what it carries is read."""

    image: ImageFile
    headers: dict[str, str]  # of the mail as it was sent
    medium_on: Callable[[ImageFile], Medium]
    password: bytes | None

    def opened(
        self, keys: "Keys | None", *, accept_unprotected: bool = False
    ) -> "MailMedium | SealedMail":
        """Return it as a medium, without and with *keys*; as `open_mail`."""
        from secure.errors import SecureFileError, UnknownAlgorithm

        path = self.image.path
        with ExitStack() as stack:
            try:
                content, protection = unsealed(
                    self.image, path, keys, stack, accept_unprotected=accept_unprotected
                )
            except (Locked, SecureFileError, UnknownAlgorithm) as error:
                return SealedMail(self, error)
            # The subject is that of the mail as it was sent; an envelope has none in it.
            mail = read_mail(content)._replace(headers=self.headers)
            files = files_in(mail, content, path, self.medium_on, password=self.password)
            return MailMedium(self, files, mail.problems, protection, stack.pop_all())


class MailMedium(EnclosedMedium):
    """A mail that carries a File-set; closes its file in the end."""

    def __init__(
        self,
        mail: MailFile,
        files: Medium,
        problems: FindingList,
        protection: MailProtection,
        aside: ExitStack,
    ) -> None:
        """Take over *files*: the archive in the mail, or its DICOM parts."""
        super().__init__(files)
        self.protection = protection
        self._mail, self._problems, self._aside = mail, problems, aside

    def findings(self, demands: str | None = None) -> list[Finding]:
        """Return what is wrong with the mail, and with the archive in it."""
        return self._problems.findings() + self.files.findings(demands)

    def opened_with(
        self, keys: "Keys", *, accept_unprotected: bool = False
    ) -> "MailMedium | SealedMail":
        """Return the mail, its signers judged by *keys*; this one is not to be used any more."""
        if not self.protection.signers:
            return self
        self._let_go()
        return self._mail.opened(keys, accept_unprotected=accept_unprotected)

    def close(self) -> None:
        self._let_go()
        self._mail.image.close()

    def _let_go(self) -> None:
        self.files.close()
        self._aside.close()


class SealedMail(ClosesItself):
    """A mail that stays closed: it is encrypted and nothing opens it, or it was changed.

    Whoever asks for a file of it learns why.
    """

    kind: Final = "smime"
    label: Final = ""

    def __init__(self, mail: MailFile, why: FilmjacketError) -> None:
        self.why = why
        self._mail = mail

    def opened_with(
        self, keys: "Keys", *, accept_unprotected: bool = False
    ) -> "MailMedium | SealedMail":
        """Return the mail opened with *keys*, or why not; this one is not to be used any more.

        Args:
            keys: what to open it with, and whom to believe.
            accept_unprotected: also take a mail that is encrypted and not signed.

        Raises:
            CannotRead: the mail carries no File-set that can be read.
            CannotWrite: there is no room for what was decrypted.
        """
        return self._mail.opened(keys, accept_unprotected=accept_unprotected)

    def entries(self) -> Iterator[Entry]:
        """Raise why it stays closed."""
        self._refuse()

    def find(self, name: Name) -> Entry | None:
        """Raise why it stays closed."""
        self._refuse()

    def find_tolerant(self, name: Name) -> Entry | None:
        """Raise why it stays closed."""
        self._refuse()

    def open(self, entry: Entry) -> FileReader:
        """Raise why it stays closed."""
        self._refuse()

    def findings(self, demands: str | None = None) -> list[Finding]:
        """Return nothing: nothing of it was looked at."""
        return []

    def close(self) -> None:
        self._mail.image.close()

    def _refuse(self) -> NoReturn:
        raise self.why


def open_mail(
    image: ImageFile, medium_on: Callable[[ImageFile], Medium], *, password: bytes | None = None
) -> MailMedium | SealedMail | None:
    """Return the mail in *image* as a medium; None where it does not begin as a mail does.

    Args:
        image: the file.
        medium_on: opens the image of a medium that an archive may hold.
        password: of an archive that is encrypted.

    Raises:
        CannotRead: the mail carries no File-set that can be read.
    """
    headers = headers_of(image)
    if "content-type" not in headers and "mime-version" not in headers:
        return None
    return MailFile(image, headers, medium_on, password).opened(None)
