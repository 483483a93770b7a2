"""The rules on what stands in encapsulated pixel data, as rows (PS3.5 8.2 and A.4, PS3.11).

Of the frames of one file all are looked at up to 64, else 64 of them: the first, the last and
others evenly between.
"""

from typing import Final

from reporting import Rule, Severity

_AGAIN: Final = "Export the instance again from its source, or write it uncompressed"


def _error(id_: str, meaning: str, reference: str, remedy: str = _AGAIN) -> Rule:
    return Rule(id_, Severity.ERROR, meaning, remedy, reference)


NATIVE: Final = _error(
    "PRO-STREAM-NATIVE",
    "the pixel data is not encapsulated though its transfer syntax is a compressed one",
    "PS3.5 A.4",
)
BROKEN: Final = _error(
    "PRO-STREAM-BROKEN",
    "the pixel data does not hold the kind of stream that its transfer syntax names",
    "PS3.5 A.4",
)
OFFSET_TABLE: Final = _error(
    "PRO-STREAM-OFFSET-TABLE",
    "the Basic Offset Table does not point to the first fragment of each frame",
    "PS3.5 A.4",
    "Write the instance again with a right or an empty Basic Offset Table",
)
FRAMES: Final = _error(
    "PRO-STREAM-FRAMES",
    "the fragments do not make as many frames as Number of Frames (0028,0008) says",
    "PS3.5 A.4",
)
ATTRIBUTES: Final = _error(
    "PRO-STREAM-ATTRIBUTES",
    "a frame is of another size than the attributes of the image say, or deeper than its cells",
    "PS3.5 8.2",
)
DEPTH: Final = Rule(
    "PRO-STREAM-DEPTH",
    Severity.WARNING,
    "a frame is coded with fewer bits than Bits Stored (0028,0101) says",
    "Nothing is lost if the values need no more; ask the maker of the instance",
    "PS3.5 8.2",
)
SHORT: Final = Rule(
    "PRO-PIXELS-SHORT",
    Severity.WARNING,
    "the file is too small for the image that its attributes announce",
    "Viewers show nothing, or part of it: export the instance again from its source",
    "PS3.5 8.1.1; PS3.3 C.7.6.3",
)
CUT_OFF: Final = _error(
    "PRO-STREAM-CUT-OFF",
    "a frame ends before the end marker of its stream",
    "PS3.5 A.4.1",
    "Take the instance from its source again: a part of this frame is lost",
)
JPEG_TABLES: Final = _error(
    "PRO-JPEG-TABLES",
    "a JPEG frame is not in interchange format: it lacks tables that it uses",
    "PS3.5 A.4.1, PS3.11 H.3.4.2",
)
JPEG_PROCESS: Final = _error(
    "PRO-JPEG-PROCESS",
    "a frame is coded by another JPEG process than the transfer syntax names",
    "PS3.5 A.4.1",
    "Write the instance again under the transfer syntax that its frames have",
)
JPEG_SELECTION: Final = _error(
    "PRO-JPEG-SELECTION",
    "a lossless JPEG frame uses another predictor than Selection Value 1",
    "PS3.5 A.4.1",
)
LOSSY: Final = _error(
    "PRO-STREAM-LOSSY",
    "a frame is coded with loss though the transfer syntax is a lossless one",
    "PS3.5 A.4.3, A.4.4",
)
JP2: Final = _error(
    "PRO-J2K-HEADER",
    "a JPEG 2000 frame is wrapped in the header of a JP2 file",
    "PS3.5 A.4.4",
    "Write the instance again with bare codestreams",
)
RLE_SEGMENTS: Final = _error(
    "PRO-RLE-SEGMENTS",
    "the header of an RLE frame does not describe the segments that the image needs",
    "PS3.5 G.4, G.5",
)
RLE_FRAGMENTS: Final = _error(
    "PRO-RLE-FRAGMENTS",
    "an RLE frame is not in one fragment",
    "PS3.5 A.4.2",
)
VIDEO_FRAGMENTS: Final = _error(
    "PRO-VIDEO-FRAGMENTS",
    "a video is not in one fragment after an empty Basic Offset Table",
    "PS3.5 8.2.5 to 8.2.8",
    "Write the instance again with its whole bit stream in one fragment",
)
VIDEO_SIZE: Final = _error(
    "PRO-VIDEO-SIZE",
    "the frames of a video are larger than its transfer syntax allows",
    "PS3.5 8.2.5 to 8.2.8",
    "Export the video in a size of this transfer syntax, or claim a profile that allows it",
)
VIDEO_RATE: Final = _error(
    "PRO-VIDEO-RATE",
    "a video runs at another rate than its transfer syntax allows for this size",
    "PS3.5 8.2.5 to 8.2.8",
    "Export the video at a rate of this transfer syntax, or claim a profile that allows it",
)
VIDEO_PIXELS: Final = _error(
    "PRO-VIDEO-PIXELS",
    "the pixel attributes are not those of a video in this transfer syntax",
    "PS3.5 8.2.5 to 8.2.8",
    "Correct the attributes at the source and export the video again",
)
VIDEO_STEREO: Final = _error(
    "PRO-VIDEO-STEREO",
    "Stereo Pairs Present (0022,0028) does not go with this transfer syntax",
    "PS3.5 8.2.8",
    "Correct the attribute at the source, or claim the 2D, 3D or Stereo High profile that fits",
)
VIDEO_LEVEL: Final = _error(
    "PRO-VIDEO-LEVEL",
    "an H.264 stream is coded for a higher level than its transfer syntax names",
    "PS3.5 8.2.7, 8.2.8",
    "Export the video at the level of this transfer syntax, or claim a profile that allows it",
)

RULES: Final[tuple[Rule, ...]] = (
    NATIVE,
    BROKEN,
    OFFSET_TABLE,
    FRAMES,
    ATTRIBUTES,
    DEPTH,
    SHORT,
    CUT_OFF,
    JPEG_TABLES,
    JPEG_PROCESS,
    JPEG_SELECTION,
    LOSSY,
    JP2,
    RLE_SEGMENTS,
    RLE_FRAGMENTS,
    VIDEO_FRAGMENTS,
    VIDEO_SIZE,
    VIDEO_RATE,
    VIDEO_PIXELS,
    VIDEO_STEREO,
    VIDEO_LEVEL,
)
