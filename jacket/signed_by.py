"""Who signed Secure DICOM Files, as plain values and in words."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from jacket.console import amount

if TYPE_CHECKING:
    from secure import SignerReport


class PlainSigner(NamedTuple):
    """A signer of one file. A plain tuple of it is handed from process to process."""

    name: str  # subject of the certificate, or what else names the signer
    standing: str  # of the certificate, as `secure.Standing` has it, or why there is none
    reasons: str  # for that, as words; empty where it is trusted
    checked: bool  # the signature itself could be checked, and holds

    @property
    def doubt(self) -> str:
        """Return why the signer is not to be trusted; empty where nothing speaks against it."""
        if self.standing == "trusted" and self.checked:
            return ""
        if self.reasons.startswith(self.standing):  # "expired on 2026-01-01" tells both
            return self.reasons
        return f"{self.standing} ({self.reasons})" if self.reasons else self.standing


class SignedBy(NamedTuple):
    """A signer, and how many files it signed."""

    signer: PlainSigner
    files: int
    is_mail: bool = False  # it is the mail that was signed, and with it the files

    def plain(self, *, judged: bool) -> dict[str, object]:
        """Return it as the contract of the command line has it; *judged*: trust was asked for."""
        signer = self.signer
        return {
            "name": signer.name,
            "standing": signer.standing if judged or not signer.checked else "not judged",
            "reasons": signer.reasons if judged or not signer.checked else "",
            "files": self.files,
        }

    def words(self, *, judged: bool) -> str:
        """Return it as a line."""
        what = "the mail is" if self.is_mail else amount(self.files, "file")
        return f"{what} signed by {self.judged(judged=judged)}"

    def judged(self, *, judged: bool) -> str:
        """Return the signer, and what is thought of it."""
        signer = self.signer
        if judged or not signer.checked:
            verdict = f"NOT TRUSTED: {signer.doubt}" if signer.doubt else "trusted"
        else:
            verdict = "not judged (--trust DIR)"
        return f"{signer.name}: {verdict}"


def signers_of(reports: "Iterable[SignerReport]") -> tuple[PlainSigner, ...]:
    """Return the signers of a file."""
    return tuple(_plain(report) for report in reports)


def _plain(report: "SignerReport") -> PlainSigner:
    checked = report.signature == "valid"
    standing = str(report.standing.value) if checked else f"not checked: {report.signature.value}"
    return PlainSigner(report.name, standing, "; ".join(report.reasons), checked)


def sum_up(signers: Iterable[Sequence[PlainSigner]]) -> tuple[SignedBy, ...]:
    """Return every signer of many files once, in the order in which they were met."""
    files: dict[PlainSigner, int] = {}
    for of_one in signers:
        for signer in dict.fromkeys(of_one):
            files[signer] = files.get(signer, 0) + 1
    return tuple(SignedBy(signer, number) for signer, number in files.items())
