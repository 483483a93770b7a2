"""Burners of others work on the simulated drive: cdrskin and xorriso (libburn), and wodim.

They see /dev/sr0, send what they send to real drives, and judge the answers by their own code.
What a reader gets from the medium afterwards must be what they were given.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

HELPERS = Path(__file__).parents[1] / "helpers"
BRIDGE = HELPERS / "sg_mock.py"
PYTHON = "/usr/bin/python3"  # Debian's own: PyGObject is built for it
BLOCK = 2048
A, B = os.urandom(420 * BLOCK), os.urandom(330 * BLOCK)
SKIN = ("cdrskin", "dev=/dev/sr0")
WODIM = ("wodim", "dev=/dev/sr0", "gracetime=2")
Peer = Callable[[str], str]
Step = Sequence[str]


class Left(NamedTuple):
    """How a step has to leave the medium."""

    state: str
    contents: tuple[bytes, ...] = ()  # of the sessions in their order


class Case(NamedTuple):
    kind: str
    steps: tuple[tuple[Step, Left], ...]

    @property
    def name(self) -> str:
        words = (word for step, _ in self.steps for word in step if word[0] in "-b")
        return " ".join((self.steps[0][0][0], self.kind, *words))


def once(program: Step, kind: str, *options: str, state: str = "closed") -> Case:
    return Case(kind, (((*program, *options, "a.img"), Left(state, (A,))),))


def twice(kind: str, *options: str) -> Case:
    first = (*SKIN, "-multi", *options, "a.img")
    second = (*SKIN, *options, "b.img")
    return Case(kind, ((first, Left("appendable", (A,))), (second, Left("closed", (A, B)))))


def again(kind: str, state: str, *first: tuple[Step, Left]) -> Case:
    """Write A, then B over it."""
    one, other = ((*SKIN, "a.img"), Left(state, (A,))), ((*SKIN, "b.img"), Left(state, (B,)))
    return Case(kind, (*first, one, other))


def blanked(kind: str, way: str, *options: str) -> Case:
    return Case(
        kind,
        (
            ((*SKIN, *options, "a.img"), Left("closed", (A,))),
            ((*SKIN, f"blank={way}"), Left("blank")),
            ((*SKIN, *options, "b.img"), Left("closed", (B,))),
        ),
    )


FORMAT = ((*SKIN, "blank=as_needed"), Left("closed"))
CASES = (
    once(SKIN, "dvd+r"),
    once(SKIN, "cd-r", "-tao"),
    once(SKIN, "cd-r", "-sao"),
    once(SKIN, "dvd-r", "-dao"),
    once(SKIN, "dvd-r-dl", "-dao"),
    once(SKIN, "dvd+r-dl"),
    once(SKIN, "bd-r"),
    once(SKIN, "bd-r-dl"),
    once(SKIN, "dvd-ram"),
    twice("cd-r", "-tao"),
    twice("dvd-r", "-tao"),
    twice("dvd+r"),
    twice("dvd+r-dl"),
    twice("bd-r"),
    blanked("cd-rw", "fast", "-tao"),
    blanked("dvd-rw", "fast", "-dao"),
    again("dvd+rw", "appendable"),
    again("bd-re", "closed", FORMAT),
    again("bd-re-dl", "closed", FORMAT),
    Case(
        "dvd-rw",
        (
            ((*SKIN, "blank=format_overwrite_quickest"), Left("appendable")),
            # It leaves the session of a quick format as it found it: open.
            ((*SKIN, "a.img"), Left("appendable", (A,))),
        ),
    ),
    Case(
        "dvd-rw",
        (
            # It fills 128 MiB of the quick format, and closes the session.
            ((*SKIN, "blank=format_overwrite"), Left("closed")),
            ((*SKIN, "a.img"), Left("closed", (A,))),
            ((*SKIN, "blank=deformat_sequential"), Left("blank")),
            ((*SKIN, "-dao", "b.img"), Left("closed", (B,))),
        ),
    ),
    once(SKIN, "dvd-rw-formatted", state="appendable"),
    once(WODIM, "cd-r", "-tao"),
    once(WODIM, "cd-r", "-sao"),
    once(WODIM, "dvd-r", "-dao"),
    once(WODIM, "dvd+r", state="appendable"),  # it closes the track alone
    Case(
        "cd-rw",
        (
            ((*WODIM, "-multi", "-tao", "a.img"), Left("appendable", (A,))),
            ((*WODIM, "blank=fast"), Left("blank")),
            ((*WODIM, "-sao", "b.img"), Left("closed", (B,))),
        ),
    ),
)
_QUICK = 1  # of CASES; the others take longer than a run of all tests should


class Bridge(NamedTuple):
    """Runs burners with a simulated drive."""

    wrapper: str
    folder: Path

    def run(self, kind: str, steps: Sequence[Step], fault: str | None = None) -> list[Any]:
        plan = {"kind": kind, "folder": str(self.folder), "steps": steps, "fault": fault}
        (self.folder / "plan.json").write_text(json.dumps(plan))
        subprocess.run(
            [self.wrapper, PYTHON, str(BRIDGE), "plan.json"],
            cwd=self.folder,
            check=True,
            timeout=110,
        )
        told = (self.folder / f"{number}.json" for number in range(len(steps)))
        return [json.loads(path.read_text()) for path in told]


@pytest.fixture
def bridge(tmp_path: Path, peer: Peer) -> Bridge:
    wrapper = peer("umockdev-wrapper")
    imports = "import gi; gi.require_version('UMockdev', '1.0'); import gi.repository.UMockdev"
    if subprocess.run([PYTHON, "-c", imports], capture_output=True).returncode:
        if os.environ.get("CI"):
            pytest.fail("gir1.2-umockdev-1.0 and python3-gi have to be installed in CI")
        pytest.skip("gir1.2-umockdev-1.0 or python3-gi is not installed")
    (tmp_path / "a.img").write_bytes(A)
    (tmp_path / "b.img").write_bytes(B)
    return Bridge(wrapper, tmp_path)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=[pytest.mark.slow] * (number >= _QUICK))
        for number, case in enumerate(CASES)
    ],
)
def test_burner_records_and_the_medium_holds_it(bridge: Bridge, peer: Peer, case: Case) -> None:
    peer(case.steps[0][0][0])
    told = bridge.run(case.kind, [step for step, _ in case.steps])
    for number, ((step, left), result) in enumerate(zip(case.steps, told, strict=True)):
        assert result["code"] == 0, result["output"]
        assert (step, result["state"]) == (step, left.state)
        image = (bridge.folder / f"{number}.img").read_bytes()
        starts = [start for start, _ in result["tracks"]] or [0]
        assert len(starts) == max(len(left.contents), 1) or not left.contents
        for start, content in zip(starts, left.contents, strict=False):
            assert image[start * BLOCK :][: len(content)] == content, (step, start)


def test_data_may_come_from_several_places_and_go_to_several(bridge: Bridge) -> None:
    step = (sys.executable, str(HELPERS / "scattered_burn.py"), "a.img", "copy.img")
    (told,) = bridge.run("dvd+r", [step])
    assert (told["code"], told["state"]) == (0, "closed"), told["output"]
    assert (bridge.folder / "0.img").read_bytes()[: len(A)] == A
    assert (bridge.folder / "copy.img").read_bytes() == A


XORRISO_KINDS = ("cd-r", "cd-rw", "dvd-r", "dvd-rw", "dvd+r", "dvd+rw", "dvd-ram", "bd-r", "bd-re")


@pytest.mark.slow
@pytest.mark.parametrize("kind", XORRISO_KINDS)
def test_xorriso_grows_a_file_system_and_reads_it_back(
    bridge: Bridge, peer: Peer, kind: str
) -> None:
    peer("xorriso")
    blank = ("-blank", "as_needed") if kind in ("cd-rw", "dvd-rw", "dvd+rw", "bd-re") else ()
    steps = [
        ("xorriso", "-outdev", "/dev/sr0", *blank, "-map", "a.img", "/first", "-commit"),
        ("xorriso", "-dev", "/dev/sr0", "-map", "b.img", "/second", "-close", "on", "-commit"),
        ("xorriso", "-osirrox", "on", "-indev", "/dev/sr0", "-extract", "/", "read"),
    ]
    for result in bridge.run(kind, steps):
        assert result["code"] == 0, result["output"]
    assert (bridge.folder / "read" / "first").read_bytes() == A
    assert (bridge.folder / "read" / "second").read_bytes() == B


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dvd-rw-formatted", "dvd+rw", "bd-re"])
def test_what_we_write_over_and_over_is_read_and_overwritten_by_others(
    bridge: Bridge, peer: Peer, kind: str
) -> None:
    peer("xorriso")
    peer("cdrskin")
    ours = (sys.executable, str(HELPERS / "scattered_burn.py"))
    read = ("xorriso", "-osirrox", "on", "-indev", "/dev/sr0", "-extract", "/")
    steps: list[Step] = [
        ("xorriso", "-outdev", "stdio:one.iso", "-map", "a.img", "/first", "-commit"),
        ("xorriso", "-outdev", "stdio:two.iso", "-map", "b.img", "/second", "-commit"),
        (*ours, "one.iso", "copy.iso"),
        (*read, "one"),
        (*ours, "two.iso", "copy.iso"),
        (*read, "two"),
        (*SKIN, "-minfo"),
        (*SKIN, "one.iso"),
        (*read, "three"),
    ]
    told = bridge.run(kind, steps)
    for result in told:
        assert result["code"] == 0, result["output"]
    files = [path.relative_to(bridge.folder) for path in bridge.folder.glob("*/*")]
    assert sorted(map(str, files)) == ["one/first", "three/first", "two/second"]
    for name, content in (("one/first", A), ("two/second", B), ("three/first", A)):
        assert (bridge.folder / name).read_bytes() == content
    if kind == "dvd-rw-formatted":
        assert [told[2]["state"], told[4]["state"]] == ["closed", "closed"]
        assert "DVD-RW restricted overwrite" in told[6]["output"]


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["write-error#3", "power-calibration", "unplugged#4"])
def test_burner_notices_a_drive_that_fails(bridge: Bridge, peer: Peer, fault: str) -> None:
    peer("cdrskin")
    (told,) = bridge.run("cd-r", [(*SKIN, "-tao", "a.img")], fault)
    assert told["code"] != 0
