"""Make a plain folder of an encrypted medium.

MEDIUM is a folder, an image (.iso, .img), a ZIP archive, a mail (.eml), a drive or a DICOMDIR,
with Secure DICOM Files (DICOM PS3.15), or a single one of these. Every file is checked and keeps
its name; one that does not open or was changed is named and left out. At a terminal the password is
asked for.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from shlex import quote

from jacket import console
from jacket.decrypt import Decrypted, decrypt_open
from jacket.keys_words import add_key_words, at_hand
from jacket.left_out_words import HEADINGS, say_left_out
from jacket.password_question import asked_where_needed
from jacket.plain import plain_left_out
from jacket.profile_words import verify_command
from jacket.words import at_least_one

_OURS = {
    "secure": "encrypted files that were not opened",
    "unreadable": "files that cannot be read",
    "not-allowed": "files that can have no place in the folder",
}
_HEADINGS = _OURS | HEADINGS | _OURS  # ours, and first


def configure(parser: ArgumentParser) -> None:
    """Declare the words of the command."""
    parser.add_argument("medium", metavar="MEDIUM")
    parser.add_argument(
        "--to", required=True, metavar="DIR", help="the folder to make; new, or empty"
    )
    add_key_words(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="open and check every file, write nothing"
    )
    parser.add_argument(
        "--jobs", type=at_least_one, metavar="N", help="processes; one for a drive, else all cores"
    )


def run(arguments: Namespace) -> int:
    """Do the job and return 0, or 1 when a file was left out."""
    ours, keys = asked_where_needed(at_hand(arguments), arguments.medium)
    with console.watched() as progress:
        done = decrypt_open(
            ours.open(arguments.medium),
            arguments.medium,
            Path(arguments.to),
            keys,
            accept_unprotected=arguments.accept_unprotected,
            dry_run=arguments.dry_run,
            processes=arguments.jobs,
            progress=progress,
        )
    if arguments.json:
        console.print_json(as_json(done))
    else:
        _say(done)
    return 0 if done.is_clean else 1


def as_json(done: Decrypted) -> dict[str, object]:
    """Return the result as docs/reference/command-line.md has it."""
    return {
        "medium": done.path,
        "to": done.target,
        "dry_run": done.dry_run,
        "mail": done.mail,
        "decrypted": done.decrypted,
        "unchecked": done.unchecked,
        "copied": done.copied,
        "bytes": done.size,
        "signers": [signer.plain(judged=done.trust) for signer in done.signers],
        "left_out": plain_left_out(done.left_out),
        "differs": list(done.differs),
        "remarks": list(done.remarks),
    }


def _say(done: Decrypted) -> None:
    would = "would hold" if done.dry_run else "holds"
    files = console.amount(done.decrypted + done.copied, "file")
    path = console.printable(done.path)
    console.say(
        f"{console.printable(done.target)} {would} {files} of {path} ({console.size(done.size)}):"
    )
    if done.mail:
        console.say(f"  {done.decrypted:>7,}  out of the mail, which was {done.mail} as a whole")
    else:
        checked = done.decrypted - done.unchecked
        console.say(f"  {checked:>7,}  decrypted, each checked by its digest or signature")
    if done.unchecked:
        console.say(f"  {done.unchecked:>7,}  decrypted UNCHECKED: nothing shows changes of them")
    if done.copied:
        console.say(f"  {done.copied:>7,}  copied: not encrypted")
    for signer in done.signers:
        console.say(f"  {console.printable(signer.words(judged=done.trust))}")
    for remark in done.remarks:
        console.say(f"  {console.printable(remark)}")
    if done.differs:
        console.say(
            "not as MANIFEST.TXT of the medium lists it, so either was changed or exchanged:"
        )
        console.say_some([f"  {console.printable(name)}" for name in done.differs], 10)
    say_left_out(done.left_out, _HEADINGS)
    if done.dry_run:
        console.say("nothing was written (--dry-run)")
        return
    console.say("what is in the folder is not encrypted: whoever can read it sees the images")
    if Path(done.target, "DICOMDIR").exists():
        console.say(f"next: {verify_command(done.target, None, ())}")
    else:  # A file alone is no medium that could be judged.
        console.say(f"next: jacket ls {quote(done.target)}")
