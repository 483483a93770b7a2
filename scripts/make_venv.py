"""Makes the virtual environment and installs Filmjacket in it, with versions that were tried.

Runs on the plain standard library of the Python that it is started with.
"""

import argparse
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Make the environment; return pip's exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--extra", action="append", default=[])
    arguments = parser.parse_args()
    if sys.version_info < (3, 11):  # noqa: UP036 (an older one may well start this)
        found = ".".join(map(str, sys.version_info[:3]))
        sys.stderr.write(
            f"Filmjacket needs Python 3.11 or newer; {sys.executable} is {found}.\n"
            "Install it (Debian 12: apt install python3.11-venv) and try again, or say which one "
            "to use: make PYTHON=/path/to/python3.11\n"
        )
        return 2
    folder = arguments.folder
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not python.exists():
        sys.stdout.write(f"making {folder} …\n")
        sys.stdout.flush()
        venv.create(folder, with_pip=True)
    what = f".[{','.join(arguments.extra)}]" if arguments.extra else "."
    sys.stdout.write("installing …\n")
    sys.stdout.flush()
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # A plain path in the environment instead of an import hook, which every start would pay for.
    pip += ["--config-settings", "editable_mode=compat"]
    code = subprocess.run(  # noqa: S603 (our own interpreter, fixed arguments)
        [*pip, "--constraint", "constraints.txt", "--editable", what], cwd=ROOT, check=False
    ).returncode
    # Compiled once here; where the environment forbids to write byte code, every start would
    # compile our modules again.
    subprocess.run(  # noqa: S603 (our own interpreter, fixed arguments)
        [str(python), "-m", "compileall", "-q", *_packages()], cwd=ROOT, check=False
    )
    return code


def _packages() -> list[str]:
    return sorted(str(path.parent.relative_to(ROOT)) for path in ROOT.glob("*/py.typed"))


if __name__ == "__main__":
    sys.exit(main())
