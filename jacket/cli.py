"""The command line: finds the command, runs it, and turns every error into words and a code.

Only the module of the command that was asked for is imported: ``--help`` and a DICOMDIR of a
few files must not wait for libraries that they do not use.
"""

import os
import sys
from importlib import import_module

from reporting import FilmjacketError, Interrupted

# command → what it is for; the order is that of a day's work.
COMMANDS = {
    "author": "make a medium's image, or a folder, from DICOM files",
    "verify": "check a medium against the standard and say what to do",
    "ls": "list patients, studies, series and instances of a medium",
    "dicomdir": "create or update a DICOMDIR in place",
    "profiles": "list the application profiles, or explain one",
}

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
        sys.stderr.write(f"jacket: there is no command {words[0]!r}\n\n{usage()}")
        return 2
    return _run(words[0], words[1:])


def _run(name: str, words: list[str]) -> int:
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    command = import_module(f"jacket.commands.{name}")
    parser = ArgumentParser(
        prog=f"jacket {name}",
        description=command.__doc__,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    command.configure(parser)
    try:
        arguments = parser.parse_args(words)
    except SystemExit as leaving:  # argparse has said what is wrong, or printed the help
        return 2 if leaving.code else 0
    _mind_signals()
    try:
        code: int = command.run(arguments)
        sys.stdout.flush()
    except FilmjacketError as error:
        return _tell(name, error, as_json=arguments.json)
    except KeyboardInterrupt:
        stopped = Interrupted("interrupted", "job", "Nothing was changed; start it again")
        return _tell(name, stopped, as_json=arguments.json)
    except BrokenPipeError:
        # Whoever read our output has gone; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 3
    return code


def _mind_signals() -> None:
    """Let a polite kill end a job as Ctrl-C does: with everything tidied up."""
    import signal

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) != signal.SIG_IGN:
            signal.signal(getattr(signal, name), interrupt)


def _tell(name: str, error: FilmjacketError, *, as_json: bool) -> int:
    if as_json:
        import json

        told = {"what": error.what, "where": error.where, "remedy": error.remedy}
        _print(json.dumps({"error": told}) + "\n")
    sys.stderr.write(f"jacket {name}: {error}\n")
    return error.exit_code


def _print(text: str) -> None:
    sys.stdout.write(text)


if __name__ == "__main__":
    sys.exit(main())
