"""Which transfer syntax an instance gets when it must, or may, have another one. Pure.

The rule and its reasons: lossless before lossy; native before compressed, because every viewer
reads Explicit VR Little Endian; compressed before native only where saving room was asked for.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from dicomdir.elements import BadEncoding, encode_element, iterate_elements, text
from profiles.application_profiles import ApplicationProfile, Declared, Traits
from profiles.encodable import why_not_encodable
from profiles.plan import Transcode
from profiles.transfer_syntaxes import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    J2K_LOSSLESS,
    JPEG_BASELINE,
    JPEG_LOSSLESS,
    RLE,
    TRANSFER_SYNTAXES,
    Kind,
    name_of_syntax,
)
from profiles.wishes import TARGETS, WITH_LOSS, WITHOUT_LOSS, why_not_cells, why_profile_cannot

LOSSY_COMPRESSION: Final = (0x00282110, b"CS")  # a fact that `facts_for` does not ask for
_PHOTOMETRIC: Final = 0x00280004
_PLANAR: Final = 0x00280006
_BITS_STORED: Final = 0x00280101
_SIGNED: Final = 0x00280103
_NEEDED: Final = frozenset((_PHOTOMETRIC, 0x00280010, 0x00280011, 0x00280100, 0x00280101))

READABLE_FIRST: Final = (EXPLICIT_LITTLE, JPEG_LOSSLESS, RLE, J2K_LOSSLESS)
_SMALL_FIRST: Final = (*WITHOUT_LOSS, EXPLICIT_LITTLE)
# Where PS3.11 leaves the syntaxes to the Conformance Statement ours declares these: everything
# that is not retired and that has its pixels in the file.
_RETIRED: Final = frozenset((EXPLICIT_BIG, "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"))
DECLARED: Final = frozenset(
    uid for uid, row in TRANSFER_SYNTAXES.items() if row.kind is not Kind.ELSEWHERE
).difference(_RETIRED)

# Objects of IMAGE records whose cells are no grey levels or colours that the eye sees.
_NO_PICTURE: Final = frozenset(
    (
        "1.2.840.10008.5.1.4.1.1.30",  # Parametric Map
        "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation
        "1.2.840.10008.5.1.4.1.1.66.7",  # Label Map Segmentation
        "1.2.840.10008.5.1.4.1.1.66.8",  # Height Map Segmentation
    )
)
# Why a syntax that is not allowed cannot be undone, in an operator's words.
_CANNOT: Final[dict[Kind, str]] = {
    Kind.VIDEO: "video cannot be stored uncompressed",
    Kind.ELSEWHERE: "the pixel data is not in the file but on a server",
    Kind.FRAMES: "no decoder for it is at hand",
}


class Image(NamedTuple):
    """What of an instance decides on its syntax."""

    sop_class: str
    syntax: str  # transfer syntax of the file
    facts: bytes  # `Instance.facts`
    traits: Traits
    is_picture: bool  # grey levels or colours, in a record of type IMAGE
    has_seen_loss: bool  # its pixels have been through lossy compression


class Choice(NamedTuple):
    """What becomes of the transfer syntax of an instance."""

    target: str  # "": it keeps the one it has
    reason: str  # why it does not keep it
    lossy: bool = False
    # Why it can be in no syntax of the profile; then the other fields mean nothing.
    why_not: str = ""


def image_of(sop_class: str, syntax: str, record_type: str, facts: bytes, traits: Traits) -> Image:
    """Return what decides on the syntax of an instance."""
    values = _values(facts)
    picture = record_type == "IMAGE" and sop_class not in _NO_PICTURE and values.keys() >= _NEEDED
    row = TRANSFER_SYNTAXES.get(syntax)
    lost = text(values.get(LOSSY_COMPRESSION[0], b"")) == "01" or (row is not None and row.lossy)
    return Image(sop_class, syntax, facts, traits, picture, lost)


def choose_syntax(
    image: Image, profile: ApplicationProfile, decoders: frozenset[str], transcode: Transcode
) -> Choice:
    """Return the syntax in which an instance goes on a medium of *profile*.

    Args:
        image: that the profile has a place for, in one syntax or another.
        profile: that the medium shall conform to.
        decoders: transfer syntaxes whose frames can be decoded here.
        transcode: what the operator allows; "never" is for the caller to heed.
    """
    fits = _fitting(image, profile)
    kept = fits(image.syntax)
    kind = _kind(image.syntax)
    undoable = kind in (Kind.TARGET, Kind.PLAIN) or image.syntax in decoders
    if undoable and image.is_picture:
        if transcode is Transcode.LOSSY and not image.has_seen_loss:
            target = _first(WITH_LOSS, image, fits)
            if target:
                return Choice(target, "compressed with loss, as was asked for", lossy=True)
        if transcode is Transcode.LOSSLESS and kind in (Kind.TARGET, Kind.PLAIN):
            target = _first(WITHOUT_LOSS, image, fits)
            if target:
                return Choice(target, "compressed without loss to save room")
    if kept:
        return Choice("", "")
    reason = why_syntax_is_not_allowed(image, profile)
    if not undoable:
        return Choice("", "", why_not=f"{reason}, and {_why_not_undone(image.syntax)}")
    small = transcode is Transcode.LOSSLESS and image.is_picture
    target = _first(_SMALL_FIRST if small else READABLE_FIRST, image, fits)
    if target:
        return Choice(target, reason)
    return Choice("", "", why_not=f"{reason}, and {_why_none(image, fits)}")


def why_not_compressed(
    image: Image,
    choice: Choice,
    profile: ApplicationProfile,
    decoders: frozenset[str],
    transcode: Transcode,
) -> str:
    """Return why an image does not become smaller as the operator wished; "" when it does.

    Args:
        image: that was asked about.
        choice: what `choose_syntax` made of it.
        profile: that the medium shall conform to.
        decoders: transfer syntaxes whose frames can be decoded here.
        transcode: the wish; with another than "lossless" or "lossy" nothing was wished.
    """
    wanted = TARGETS.get(transcode, ())
    if not wanted or not image.is_picture or choice.target in wanted:
        return ""
    kind = _kind(image.syntax)
    if kind not in (Kind.TARGET, Kind.PLAIN):
        if transcode is Transcode.LOSSLESS and not choice.target:
            return ""  # it is compressed already
        if image.syntax not in decoders:
            return _why_not_undone(image.syntax)
    if transcode is Transcode.LOSSY and image.has_seen_loss:
        return "compressed with loss once already, which must not be done twice"
    lacking = why_profile_cannot(profile, transcode)
    if lacking:
        return lacking
    fits = _fitting(image, profile)
    fitting = tuple(target for target in wanted if fits(target))
    if not fitting:
        return f"{profile.identifier} has no such syntax for this kind of object"
    return _why_none_takes(image, fitting)


def _why_none_takes(image: Image, fitting: tuple[str, ...]) -> str:
    values = _values(facts_after(image, EXPLICIT_LITTLE))
    return why_not_cells(
        fitting,
        int.from_bytes(values.get(_BITS_STORED, b"")[:2], "little"),
        text(values.get(_PHOTOMETRIC, b"")),
        signed=values.get(_SIGNED, b"")[:1] == b"\1",
        why_last=_why_not(image, fitting[-1]),
    )


def facts_after(image: Image, target: str) -> bytes:
    """Return the facts as they will be when the pixels were brought to *target*.

    What depends on the stream alone is guessed; the converted file is judged again.
    """
    if _kind(image.syntax) is not Kind.FRAMES and target == EXPLICIT_LITTLE:
        return image.facts
    photometric = photometric_after(image.traits.photometric, image.syntax, target)
    parts = []
    for tag, vr, start, value, after in iterate_elements(image.facts):
        if tag == _PHOTOMETRIC:
            parts.append(encode_element(tag, vr, photometric.encode("ascii", "replace")))
        elif tag == _PLANAR and value < after:
            planar = 1 if target == RLE and photometric == "YBR_FULL" else 0
            parts.append(encode_element(tag, vr, planar.to_bytes(2, "little")))
        else:
            parts.append(image.facts[start:after])
    return b"".join(parts)


def photometric_after(photometric: str, syntax: str, target: str) -> str:
    """Return the colours of an image in *syntax* once its pixels are in *target*."""
    row = TRANSFER_SYNTAXES.get(syntax)
    if row is not None and row.kind is Kind.FRAMES:
        # The decoder undoes the transformation; of JPEG with loss it makes RGB as well.
        transformed = photometric in ("YBR_RCT", "YBR_ICT")
        jpeg = row.lossy and row.method == "ISO_10918_1"
        if transformed or (jpeg and photometric.startswith("YBR")):
            photometric = "RGB"
        elif photometric == "YBR_FULL_422":  # every pixel has all colours (PS3.3 C.7.6.3.1.2)
            photometric = "YBR_FULL"
    if target == JPEG_BASELINE and photometric in ("RGB", "YBR_FULL"):
        return "YBR_FULL_422"
    return photometric


def why_syntax_is_not_allowed(image: Image, profile: ApplicationProfile) -> str:
    """Return an operator's sentence on a syntax that the profile does not have for an object."""
    words = f"{profile.identifier} does not allow {name_of_syntax(image.syntax)}"
    colours = f"{words} for {image.traits.photometric or 'such'} images"
    for row in profile.allowed:
        syntaxes = row.transfer_syntaxes
        if isinstance(syntaxes, Declared) or image.syntax not in syntaxes:
            continue
        same_class = isinstance(row.sop_classes, frozenset) and image.sop_class in row.sop_classes
        return colours if same_class and row.photometrics else f"{words} for this kind of object"
    return words


def _fitting(image: Image, profile: ApplicationProfile) -> Callable[[str], bool]:
    """Return a function that tells whether the profile has a syntax for the image as it then is."""

    def fits(syntax: str) -> bool:
        traits = image.traits
        if syntax != image.syntax:
            colours = photometric_after(traits.photometric, image.syntax, syntax)
            traits = traits._replace(photometric=colours)
        allowed = profile.allowed_syntaxes(image.sop_class, traits)
        if allowed is None:
            return False
        return syntax in (DECLARED if isinstance(allowed, Declared) else allowed)

    return fits


def _first(wanted: tuple[str, ...], image: Image, fits: Callable[[str], bool]) -> str:
    for target in wanted:
        if target != image.syntax and fits(target) and not _why_not(image, target):
            return target
    return ""


def _why_not(image: Image, target: str) -> str:
    if target == EXPLICIT_LITTLE:
        return ""  # whatever can be undone can stand there
    if not image.is_picture and not _values(image.facts).keys() >= _NEEDED:
        return "the object has no pixels that can be compressed"
    # Judged as native cells: that is what an encoder is given.
    return why_not_encodable(target, facts_after(image, EXPLICIT_LITTLE))


def _why_none(image: Image, fits: Callable[[str], bool]) -> str:
    """Return why none of the profile's syntaxes can be made of what can be undone."""
    for target in READABLE_FIRST:
        if fits(target):
            return f"{name_of_syntax(target)} cannot be made: {_why_not(image, target)}"
    if any(fits(target) for target in WITH_LOSS):
        return "only compression with loss would do, which is not done unasked"
    return "video is not made of other images"


def _kind(syntax: str) -> Kind | None:
    row = TRANSFER_SYNTAXES.get(syntax)
    return row.kind if row is not None else None


def _why_not_undone(syntax: str) -> str:
    kind = _kind(syntax)
    return "nobody but its maker can undo it" if kind is None else _CANNOT.get(kind, "")


def _values(facts: bytes) -> dict[int, bytes]:
    try:
        return {tag: facts[value:after] for tag, _, _, value, after in iterate_elements(facts)}
    except BadEncoding:
        return {}
