"""Every kind of volume that we lay out, by name."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from media import (
    NamedSource,
    PlannedFile,
    VolumePlan,
    lay_out_bridge,
    lay_out_fat,
    lay_out_udf,
    planned_files,
    write_volume,
)
from media.iso9660.layout import lay_out_iso9660

RECORDED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
LABEL = "JACKET_1"

VOLUMES: dict[str, partial[VolumePlan]] = {
    "iso9660 level 1": partial(lay_out_iso9660, level=1),
    "iso9660 level 2": partial(lay_out_iso9660, level=2),
    "iso9660 level 3": partial(lay_out_iso9660, level=3),
    "bridge level 1": partial(lay_out_bridge, level=1),
    "bridge level 3": partial(lay_out_bridge, level=3),
    "udf 1.02": partial(lay_out_udf, revision="1.02"),
    "udf 1.50": partial(lay_out_udf, revision="1.50"),
    "udf 1.50 overwritable": partial(lay_out_udf, revision="1.50", overwritable=True),
    "udf 2.00": partial(lay_out_udf, revision="2.00"),
    "udf 2.01": partial(lay_out_udf, revision="2.01"),
    "udf 2.01 overwritable": partial(lay_out_udf, revision="2.01", overwritable=True),
    "udf 2.50": partial(lay_out_udf, revision="2.50"),
    "udf 2.60": partial(lay_out_udf, revision="2.60"),
    "fat16": partial(lay_out_fat, kind="fat16", partitioned=False),
    "fat16 partitioned": partial(lay_out_fat, kind="fat16"),
    "fat16 long names": partial(lay_out_fat, kind="fat16", long_names=True),
    "fat32": partial(lay_out_fat, kind="fat32", partitioned=False),
    "fat32 partitioned": partial(lay_out_fat, kind="fat32"),
    "fat32 long names": partial(lay_out_fat, kind="fat32", partitioned=False, long_names=True),
}


def is_partitioned(kind: str) -> bool:
    return "fat" in kind and bool(VOLUMES[kind].keywords.get("partitioned", True))


def plan_of(kind: str, files: Sequence[PlannedFile], **more: object) -> VolumePlan:
    return VOLUMES[kind](files, label=LABEL, recorded=RECORDED, **more)


def write(kind: str, sources: Sequence[NamedSource], target: Path, **more: object) -> VolumePlan:
    plan = plan_of(kind, planned_files(sources, None), **more)
    write_volume(plan, sources, target, image_digest=False)
    return plan


def write_structures(plan: VolumePlan, target: Path) -> None:
    """Write a volume without the content of its files, which is a hole then."""
    with target.open("wb") as image:
        image.truncate(plan.size)
        for structure in plan.structures:
            image.seek(structure.offset)
            image.writelines(structure.pieces())
