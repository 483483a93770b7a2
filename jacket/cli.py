"""The command line: finds the command, runs it, and turns every error into words and a code.

Only the module of the command that was asked for is imported: ``--help`` and a DICOMDIR of a
few files must not wait for libraries that they do not use.
"""

import os
import sys
from contextlib import suppress
from importlib import import_module

from reporting import CannotWrite, FilmjacketError, Interrupted, WrongUsage

# command → what it is for; the order is that of a day's work.
COMMANDS = {
    "author": "make a medium's image, or a folder, from DICOM files",
    "burn": "the same onto a disc or a stick, read back to the last block",
    "verify": "check a medium against the standard and say what to do",
    "ls": "list patients, studies, series and instances of a medium",
    "decrypt": "make a plain folder of an encrypted medium",
    "dicomdir": "create or update a DICOMDIR in place; add and remove files",
    "drives": "list drives and sticks, and what speaks against writing them",
    "profiles": "list the application profiles, or explain one",
}

_INTERRUPTED = Interrupted("interrupted", "job", "Nothing was changed; start it again")

_INTERRUPTED_SET = Interrupted(
    "interrupted",
    "job",
    "Volumes that were complete stay, and nothing half-made; the same command makes all of them "
    "again, with --volume K only some",
)

_USAGE = """\
usage: jacket COMMAND [ARGUMENT ...]

Puts medical images on media that every viewer reads, and checks media that others made.

{commands}

  jacket COMMAND --help   tells what a command takes
  jacket --version

A first disc:  jacket author FOLDER -o disc.iso && jacket verify disc.iso
"""


def usage() -> str:
    """Return the text of ``jacket --help``."""
    lines = (f"  {name:<10}{purpose}" for name, purpose in COMMANDS.items())
    return _USAGE.format(commands="\n".join(lines))


def main(argv: list[str] | None = None) -> int:
    """Run one command and return the exit code of the contract (0, 1, 2, 3 or 130)."""
    words = sys.argv[1:] if argv is None else argv
    if not words or words[0] in ("-h", "--help", "help"):
        _print(usage())
        return 0 if words else 2
    if words[0] in ("-V", "--version", "version"):
        from jacket import __version__

        _print(f"filmjacket {__version__}\n")
        return 0
    if words[0] not in COMMANDS:
        return _tell_no_command(words)
    # Called as a process, it ends with this; called from a program, that wants its signals back.
    return _interruptible(words, for_good=argv is None)


def _tell_no_command(words: list[str]) -> int:
    what = f"there is no command {words[0][:64]!r}"
    if "--json" in words:
        _tell_json(WrongUsage(what, "command", f"Commands are {', '.join(COMMANDS)}"))
    sys.stderr.write(f"jacket: {what}\n\n{usage()}")
    return WrongUsage.exit_code


def _interruptible(words: list[str], *, for_good: bool) -> int:
    from jacket.signals import Signals, leave
    from reporting import interruption

    if for_good:
        import gc

        # Tens of thousands of records are made and none is garbage before the end.
        gc.set_threshold(100_000, 20, 20)
    with Signals(for_good=for_good) as signals:
        try:
            code = _run(words[0], words[1:])
            _flush()
        except BrokenPipeError:
            # Whoever read our output has gone; keep the interpreter from complaining at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 3
        except (Exception, KeyboardInterrupt) as error:
            interruption.commit()  # Nothing shall stop the telling.
            # While a library is imported Python makes other errors of an interruption.
            interrupted = signals.came or isinstance(error, KeyboardInterrupt)
            # A job that cannot be taken back tells by itself what is left of it.
            known = isinstance(error, Interrupted) or (
                isinstance(error, FilmjacketError) and "record" in error.details
            )
            stopped = _INTERRUPTED_SET if "--split" in words else _INTERRUPTED
            code = _tell(stopped if interrupted and not known else _told(error), words)
        interruption.commit()
        if for_good:
            leave(code)
    return code


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        problem = f"cannot be written ({error.strerror})"
        raise CannotWrite(problem, "standard output", "Make room there") from error


def _run(name: str, words: list[str]) -> int:
    from jacket.words import RawDescriptionHelpFormatter, Words

    command = import_module(f"jacket.commands.{name}")
    parser = Words(
        prog=f"jacket {name}",
        allow_abbrev=False,
        description=command.__doc__,
        # A width of our own: asking the terminal for its costs the import of shutil.
        formatter_class=lambda prog: RawDescriptionHelpFormatter(prog, width=96),
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    command.configure(parser)
    try:
        arguments = parser.parse_args(words)
    except SystemExit:  # the help was printed
        return 0
    code: int = command.run(arguments)
    return code


def _told(error: BaseException) -> FilmjacketError:
    """Return what to tell of *error*; of a mistake without its text: that may name a patient."""
    if isinstance(error, FilmjacketError):
        return error
    from traceback import extract_tb

    place = extract_tb(error.__traceback__)[-1]
    return FilmjacketError(
        f"a mistake in the program ({type(error).__name__})",
        f"{os.path.basename(place.filename)} line {place.lineno}",  # noqa: PTH119 (text, not a file)
        "Nothing half-made is left; report this with the command that you gave",
    )


def _tell(error: FilmjacketError, words: list[str]) -> int:
    with suppress(OSError):  # a full disk behind standard output is no reason to end in a trace
        if "--json" in words:
            _tell_json(error)
    with suppress(OSError):
        sys.stderr.write(f"jacket {words[0]}: {error}\n")
    return error.exit_code


def _tell_json(error: FilmjacketError) -> None:
    import json

    told = {"what": error.what, "where": error.where, "remedy": error.remedy}
    _print(json.dumps({"error": told} | error.details) + "\n")
    sys.stdout.flush()


def _print(text: str) -> None:
    sys.stdout.write(text)


if __name__ == "__main__":
    sys.exit(main())
