"""Why an image is not compressed though the operator asked for it. Pure.

A wish that cannot be fulfilled costs no instance, but nobody shall believe that it was.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from profiles.application_profiles import ApplicationProfile, Declared
from profiles.encodable import CODING
from profiles.plan import Transcode
from profiles.transfer_syntaxes import (
    J2K,
    J2K_LOSSLESS,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LOSSLESS,
    RLE,
    TRANSFER_SYNTAXES,
    Kind,
    name_of_syntax,
)

WITHOUT_LOSS: Final = (JPEG_LOSSLESS, J2K_LOSSLESS, RLE)
WITH_LOSS: Final = (JPEG_BASELINE, JPEG_EXTENDED, J2K)
# Wish → what an image may be compressed to, the preferred one first.
TARGETS: Final[dict[Transcode, tuple[str, ...]]] = {
    Transcode.LOSSLESS: WITHOUT_LOSS,
    Transcode.LOSSY: WITH_LOSS,
}
_JPEG: Final = frozenset((JPEG_BASELINE, JPEG_EXTENDED))


def why_profile_cannot(profile: ApplicationProfile, transcode: Transcode) -> str:
    """Return a sentence when a profile has no syntax at all for a wish; "" when it has."""
    targets = TARGETS.get(transcode)
    if targets is None:
        return ""
    syntaxes: set[str] = set()
    for row in profile.allowed:
        if isinstance(row.transfer_syntaxes, Declared):
            return ""  # ours declares them all
        syntaxes |= row.transfer_syntaxes
    if not syntaxes.isdisjoint(targets):
        return ""
    frames = any(TRANSFER_SYNTAXES[uid].kind is Kind.FRAMES for uid in syntaxes)
    without = "without loss" if transcode is Transcode.LOSSLESS else "with loss"
    what = f"no syntax that compresses {without}" if frames else "no compressed syntax"
    return f"{profile.identifier} has {what}: --transcode {transcode} changes nothing"


def why_not_cells(
    fitting: tuple[str, ...], stored: int, photometric: str, *, signed: bool, why_last: str
) -> str:
    """Return why none of some syntaxes takes an image, in an operator's words.

    Args:
        fitting: transfer syntaxes that the profile has for such an image.
        stored: Bits Stored.
        photometric: Photometric Interpretation of the cells once they are native.
        signed: the cells are signed values.
        why_last: what `why_not_encodable` says of the last of *fitting*.
    """
    codings = [CODING[uid] for uid in fitting]
    name = "JPEG with loss" if _JPEG.issuperset(fitting) else name_of_syntax(fitting[-1])
    # By colours the widest counts: what is said must not be cured by another colour.
    widest = max((c.stored[-1] for c in codings if photometric in c.photometrics), default=0)
    if stored > widest > 0:
        return f"{stored} bits stored, {name} takes {widest} at most"
    if signed and not any(coding.signed for coding in codings):
        return f"signed values, which {name} does not take"
    return why_last


def told(reasons: Iterable[str]) -> tuple[str, ...]:
    """Return a remark for each reason why images are not compressed, the commonest first."""
    counts = Counter(filter(None, reasons))
    return tuple(not_compressed(number, why) for why, number in counts.most_common())


def not_compressed(number: int, why: str) -> str:
    """Return a remark on so many images."""
    return f"{number:,} image{'s' * (number != 1)} not compressed: {why}"
