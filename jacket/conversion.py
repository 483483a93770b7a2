"""Carries out the transcoding that a plan asks for, in a folder beside the target."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dicomdir.index import Indexer
from dicomdir.instance import Instance, NotIndexed
from dicomdir.scan import index_file
from media import working_folder
from profiles.application_profiles import ApplicationProfile
from profiles.plan import PlannedInstance
from profiles.transcode import TranscodeJob, transcode
from profiles.transfer_syntaxes import EXPLICIT_LITTLE
from reporting import Progress


@dataclass(slots=True)
class Converted:
    """What came of the conversion, all by the path of the original."""

    instances: dict[str, Instance] = field(default_factory=dict)  # as they are now
    files: dict[str, str] = field(default_factory=dict)  # where they lie now
    failed: list[NotIndexed] = field(default_factory=list)


def _who(instance: Instance) -> tuple[str, bytes, bytes, bytes]:
    """Return whose an object is and which: what no conversion changes."""
    return instance.sop_instance_uid, instance.patient, instance.study, instance.series


@contextmanager
def convert(
    planned: Sequence[PlannedInstance],
    target: Path,
    profile: ApplicationProfile,
    jobs: int | None,
    progress: Progress,
) -> Iterator[Converted]:
    """Convert *planned*; the files are there until the block ends.

    Every converted file is indexed as if it had come from outside: its keys stand in the
    directory, and a file that we cannot read back is not put on a medium.

    Raises:
        CannotWrite: no folder can be made beside *target*.
    """
    with working_folder(target) as folder:
        work = [
            TranscodeJob(item.instance, os.path.join(folder, f"{n}.dcm"), EXPLICIT_LITTLE)  # noqa: PTH118 (text)
            for n, item in enumerate(planned)
        ]
        converted = Converted()
        indexer = Indexer(profile.additional_keys)
        for result in transcode(work, workers=jobs, progress=progress):
            source = result.job.instance.source
            if result.instance is None:
                reason = f"cannot be converted: {result.reason}"
                converted.failed.append(NotIndexed(source, reason, "not-convertible"))
                continue
            again = index_file(result.job.target, indexer)
            if isinstance(again, NotIndexed):
                reason = f"cannot be converted: the result reads back as {again.reason}"
                converted.failed.append(NotIndexed(source, reason, "not-convertible"))
                continue
            now = Instance._make(again)._replace(source=source)
            if _who(now) != _who(result.job.instance):
                reason = "cannot be converted: it changed while it was being read"
                converted.failed.append(NotIndexed(source, reason, "not-convertible"))
                continue
            converted.files[source] = result.job.target
            converted.instances[source] = now
        yield converted
