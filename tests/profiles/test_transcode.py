"""A conversion that goes wrong costs one instance, not the job."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
import zlib
from pathlib import Path

import pytest

from dicomdir.instance import NOT_WELL_FORMED, Instance
from dicomdir.scan import scan
from profiles import transcode as module
from profiles.transcode import Limits, TranscodeJob, transcode
from profiles.transfer_syntaxes import DEFLATED, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from reporting import CannotWrite, NotSupported

# What runs instead of the worker, to go wrong on demand: it handles the real thing but for
# sources whose name says otherwise.
FAILING_WORKER = """
import os, sys, time
from profiles import transcode_worker
from profiles.conversion import convert as real
def convert(request):
    name = os.path.basename(request.source)
    if name.startswith("hang"):
        time.sleep(600)
    if name.startswith("crash"):
        os.abort()
    if name.startswith("memory"):
        return len(bytearray(8 << 30)), 0
    if name.startswith("chatter"):
        print("not an answer", flush=True)
        os.write(1, b"nor this\\n")
    return real(request)
transcode_worker.convert = convert
transcode_worker.main()
"""


@pytest.fixture(scope="module")
def plan_instance(pydicom_files: list[Path]) -> Instance:
    path = next(p for p in pydicom_files if p.name == "rtplan.dcm")
    (instance,) = scan([path], jobs=1).instances
    assert instance.transfer_syntax_uid == IMPLICIT_LITTLE
    return instance


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every worker obey the name of its source."""
    start = subprocess.Popen

    def started(command: list[str], **options: object) -> object:
        at = command.index("-m")
        return start([*command[:at], "-c", FAILING_WORKER], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(module.subprocess, "Popen", started)


def jobs_named(names: list[str], instance: Instance, folder: Path) -> list[TranscodeJob]:
    jobs = []
    for name in names:
        source = folder / name
        source.write_bytes(Path(instance.source).read_bytes())
        copy = instance._replace(source=str(source))
        jobs.append(TranscodeJob(copy, str(folder / f"{name}.out"), EXPLICIT_LITTLE))
    return jobs


def test_a_converted_file_is_described_as_it_was_written(
    plan_instance: Instance, tmp_path: Path
) -> None:
    seen: list[tuple[str, int, int]] = []
    jobs = jobs_named(["a", "b", "c"], plan_instance, tmp_path)
    results = transcode(
        jobs, workers=2, progress=lambda stage, done, total: seen.append((stage, done, total))
    )
    assert seen == [("transcode", n, 3) for n in range(4)]
    for job, result in zip(jobs, results, strict=True):
        assert (result.job, result.reason) == (job, "")
        (found,) = scan([job.target], jobs=1).instances
        assert result.instance == found  # our own scan of the new file agrees in every field


def test_a_data_set_that_is_not_well_formed_is_written_anew(
    shared_data: Path, tmp_path: Path
) -> None:
    (instance,) = scan([shared_data / "fo-dicom" / "GH179A.dcm"], jobs=1).instances
    assert instance.departures[0].startswith(NOT_WELL_FORMED)
    job = TranscodeJob(instance, str(tmp_path / "out"), EXPLICIT_LITTLE)
    (result,) = transcode([job])
    assert result.reason == ""
    (found,) = scan([job.target], jobs=1).instances
    assert result.instance == found
    assert found.departures == ()
    assert found.sop_instance_uid == instance.sop_instance_uid


def test_nothing_to_do_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.subprocess, "Popen", None)
    assert transcode([]) == ()


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("crash", "broke down (exit status -6)"),
        ("hang", "took longer than 4 seconds"),
        ("memory", "more memory than it may take"),
    ],
)
def test_one_bad_file_costs_itself_alone(
    name: str, words: str, plan_instance: Instance, tmp_path: Path
) -> None:
    jobs = jobs_named(["good1", name, "good2"], plan_instance, tmp_path)
    results = transcode(jobs, workers=1, limits=Limits(seconds=4))
    assert [bool(result.reason) for result in results] == [False, True, False]
    assert words in results[1].reason
    assert results[1].instance is None
    assert not Path(jobs[1].target).exists()


@pytest.mark.usefixtures("failing")
def test_what_a_library_prints_is_not_taken_for_an_answer(
    plan_instance: Instance, tmp_path: Path
) -> None:
    (result,) = transcode(jobs_named(["chatter"], plan_instance, tmp_path), workers=1)
    assert result.reason == ""


def test_a_worker_that_is_killed_costs_one_file(
    plan_instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes: list[subprocess.Popen[str]] = []
    start = subprocess.Popen

    def started(*arguments: object, **options: object) -> object:
        process = start(*arguments, **options)  # type: ignore[call-overload]
        processes.append(process)
        return process

    monkeypatch.setattr(module.subprocess, "Popen", started)
    killed: list[int] = []

    def kill_after_the_first(stage: str, done: int, total: int) -> None:
        if done == 1 and not killed:
            killed.append(processes[0].pid)
            os.kill(processes[0].pid, signal.SIGKILL)

    jobs = jobs_named([f"f{n:02d}" for n in range(30)], plan_instance, tmp_path)
    results = transcode(jobs, workers=1, progress=kill_after_the_first)
    failed = [result for result in results if result.reason]
    assert len(processes) == 2
    assert len(failed) <= 1
    assert all("exit status -9" in result.reason for result in failed)


def bomb(path: Path, instance: Instance) -> Instance:
    """Make 398 KB that inflate to 410 MB, inside a well-formed private element."""
    zeros = bytes(1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    pieces = [
        packer.compress(bytes.fromhex("090000104f420000") + (410 << 20).to_bytes(4, "little"))
    ]
    pieces += [packer.compress(zeros) for _ in range(410)]
    path.write_bytes(bytes(300) + b"".join(pieces) + packer.flush())
    return instance._replace(
        source=str(path),
        size=path.stat().st_size,
        dataset_offset=300,
        transfer_syntax_uid=DEFLATED,
    )


def test_a_bomb_costs_one_file_and_little_else(plan_instance: Instance, tmp_path: Path) -> None:
    explosive = bomb(tmp_path / "bomb", plan_instance)
    assert explosive.size < 420_000
    jobs = [
        TranscodeJob(explosive, str(tmp_path / "bomb.out"), EXPLICIT_LITTLE),
        TranscodeJob(plan_instance, str(tmp_path / "good.out"), EXPLICIT_LITTLE),
    ]
    began = time.monotonic()
    results = transcode(jobs, workers=1)
    assert "which no image does" in results[0].reason
    assert results[1].reason == ""
    assert time.monotonic() - began < 60  # seconds, on a busy machine; alone: 2
    # Nothing of it is left, neither under the target's name nor beside it.
    assert {path.name for path in tmp_path.iterdir()} == {"bomb", "good.out"}


def test_a_file_larger_than_a_medium_can_hold_is_refused(
    plan_instance: Instance, tmp_path: Path
) -> None:
    job = TranscodeJob(plan_instance, str(tmp_path / "out"), EXPLICIT_LITTLE)
    (result,) = transcode([job], limits=Limits(output_bytes=1000))
    assert "cannot be read or written" in result.reason
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("what", ["missing", "empty", "folder"])
def test_a_source_that_is_gone_is_named(what: str, plan_instance: Instance, tmp_path: Path) -> None:
    source = tmp_path / what
    if what == "empty":
        source.touch()
    elif what == "folder":
        source.mkdir()
    job = TranscodeJob(
        plan_instance._replace(source=str(source)), str(tmp_path / "out"), EXPLICIT_LITTLE
    )
    (result,) = transcode([job])
    assert result.instance is None
    assert result.reason


def test_syntaxes_that_cannot_be_converted_or_written_are_refused(
    plan_instance: Instance, tmp_path: Path
) -> None:
    video = plan_instance._replace(transfer_syntax_uid="1.2.840.10008.1.2.4.100")
    results = transcode(
        [
            TranscodeJob(video, str(tmp_path / "video"), EXPLICIT_LITTLE),
            TranscodeJob(plan_instance, str(tmp_path / "jpeg-ls"), "1.2.840.10008.1.2.4.80"),
            TranscodeJob(plan_instance, str(tmp_path / "jpeg"), "1.2.840.10008.1.2.4.70"),
        ]
    )
    assert results[0].reason == "its transfer syntax cannot be converted"
    assert results[1].reason == "JPEG-LS Lossless is not written"
    assert results[2].reason == "it is not an image with pixel data"


def test_names_that_are_no_text_come_through(plan_instance: Instance, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9 \xf0\x9f\x93\x80\n.dcm")
    (job,) = jobs_named([name], plan_instance, tmp_path)
    (result,) = transcode([job])
    assert result.reason == ""


def test_a_foreign_working_directory_is_not_imported_from(
    plan_instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pydicom", "numpy", "json", "profiles"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('from the medium')")
    monkeypatch.chdir(tmp_path)
    job = TranscodeJob(plan_instance, "out", EXPLICIT_LITTLE)
    (result,) = transcode([job])
    assert result.reason == ""


def test_a_worker_that_cannot_start_is_an_error_of_the_whole_job(
    plan_instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    job = TranscodeJob(plan_instance, str(tmp_path / "out"), EXPLICIT_LITTLE)
    with pytest.raises(NotSupported, match="does not start"):
        transcode([job])


@pytest.mark.usefixtures("failing")
def test_an_interrupt_ends_all_workers_at_once(plan_instance: Instance, tmp_path: Path) -> None:
    jobs = jobs_named(["good", "hang1", "hang2"], plan_instance, tmp_path)

    def interrupt(stage: str, done: int, total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    before = threading.active_count()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        transcode(jobs, workers=2, progress=interrupt)
    assert time.monotonic() - began < 20
    while threading.active_count() > before:  # a clock that was stopped ends a moment later
        assert time.monotonic() - began < 20
        time.sleep(0.01)


def test_importing_the_room_loads_no_codec_and_no_pydicom() -> None:
    code = (
        "import sys, profiles.planner, profiles.transcode, profiles.check, profiles.rehead;"
        "heavy = {'pydicom', 'numpy', 'imagecodecs'} & set(sys.modules);"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_memory_stays_flat_however_many_frames_there_are(tmp_path: Path) -> None:
    import resource

    import imagecodecs
    import numpy as np

    from profiles.conversion import Request, convert

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydicom.encaps import encapsulate

    frame = np.random.default_rng(5).integers(0, 9, (512, 512)).astype(np.uint16)
    stream = imagecodecs.jpegls_encode(frame)
    pixels = encapsulate([stream] * 200)

    def us(tag: int, value: int) -> bytes:
        return tag.to_bytes(4, "little") + b"US\2\0" + value.to_bytes(2, "little")

    source = tmp_path / "frames"
    source.write_bytes(
        bytes(300)
        + us(0x00020028, 1)
        + bytes.fromhex("28000800495304003230302028001000555302000002")
        + us(0x00110028, 512)
        + us(0x01000028, 16)
        + us(0x01010028, 16)
        + bytes.fromhex("e07f10004f420000ffffffff")
        + pixels
        + bytes.fromhex("feffdde000000000")
    )
    target = tmp_path / "out"
    request = Request(
        str(source), str(target), 300, "1.2.840.10008.1.2.4.80", EXPLICIT_LITTLE, "1.2", "1.3"
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    convert(request)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    assert target.stat().st_size > 100 << 20
    assert grown < 60 << 20


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_no_fault_of_the_file(plan_instance: Instance, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "out").symlink_to("/dev/full")
    with pytest.raises(CannotWrite, match="no room") as told:
        transcode([TranscodeJob(plan_instance, str(folder / "out"), EXPLICIT_LITTLE)])
    assert told.value.where == str(tmp_path)
    assert list(folder.iterdir()) == []
