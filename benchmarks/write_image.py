"""Writes one image of a folder, as a whole program that benchmarks/image.py measures.

python benchmarks/write_image.py iso9660|bridge|udf bare|digests FOLDER IMAGE
python benchmarks/write_image.py --serve
"""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from media import FileRange, NamedSource, planned_files, write_volume

_LINE = 128  # bytes that a file takes in the list of digests, at most
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def main(kind: str, way: str, folder: str, image: str) -> None:
    """Write *image* with everything in *folder*."""
    sources = sorted(sources_in(folder, ()), key=lambda source: source.name)
    listed = None
    if way == "digests":
        from media import DigestList

        size = _LINE * len(sources)

        def compose(found: object) -> bytes:
            lines = "".join(f"{d}  {'/'.join(n)}\n" for n, d in found.items())  # type: ignore[attr-defined]
            return lines.encode().ljust(size)

        listed = DigestList(("MANIFEST.TXT",), size, compose, _NOW)
    files = planned_files(sources, listed)
    if kind == "iso9660":
        from media import lay_out_iso9660

        plan = lay_out_iso9660(files, label="MEASURED", recorded=_NOW)
    elif kind == "bridge":
        from media import lay_out_bridge

        plan = lay_out_bridge(files, label="MEASURED", recorded=_NOW)
    else:
        from media import lay_out_udf

        plan = lay_out_udf(files, label="MEASURED", recorded=_NOW, revision="2.50")
    write_volume(plan, sources, Path(image), digest_list=listed, image_digest=way == "digests")


def sources_in(folder: str, above: tuple[str, ...]) -> Iterator[NamedSource]:
    """Yield all files below *folder*, each looked at once."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = (*above, entry.name)
            if entry.is_dir(follow_symlinks=False):
                yield from sources_in(entry.path, name)
            elif entry.name != "DICOMDIR":  # It is there while another benchmark runs.
                status = entry.stat()
                modified = datetime.fromtimestamp(int(status.st_mtime), UTC)
                yield NamedSource(name, (FileRange(entry.path, 0, status.st_size),), modified)


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        from served import serve

        sys.exit(serve(lambda words: main(*words)))
    from served import leave

    main(*sys.argv[1:])
    leave()
