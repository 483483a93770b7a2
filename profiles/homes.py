"""One home for every study and series: a study under two patients is nobody's to put on a disc."""

from collections.abc import Iterable

from dicomdir.instance import Instance, NotIndexed
from profiles.order import Place, Places


def separate_homes(
    instances: Iterable[Instance],
) -> tuple[list[Instance], tuple[NotIndexed, ...]]:
    """Leave out what would put one study under two patients, or one series into two studies. Pure.

    PS3.3 F.5 and the profiles ask that a Study or Series Instance UID stands in one record only.
    The first instance decides; later ones that say otherwise are named, because nobody but the
    operator can tell which of the two is right.

    Returns:
        (those that stay, in their order; those left out).
    """
    places = Places()
    studies: dict[str, tuple[Place, str]] = {}
    series: dict[str, tuple[Place, str]] = {}
    kept: list[Instance] = []
    left_out: list[NotIndexed] = []
    for instance in instances:
        place = places.of(instance)
        if not place.study:
            kept.append(instance)
            continue
        home, first = studies.setdefault(place.study, (place, instance.source))
        if home.patient != place.patient:
            reason = (
                f"its study is in {first} under another Patient ID: find out whose it is and "
                "correct the Patient ID of one of them"
            )
            left_out.append(NotIndexed(instance.source, reason, "patient-conflict"))
            continue
        home, first = series.setdefault(place.series, (place, instance.source))
        if home.study != place.study:
            reason = (
                f"its series is in {first} under another study: correct one of them, or put it "
                "on another medium"
            )
            left_out.append(NotIndexed(instance.source, reason, "contradiction"))
            continue
        kept.append(instance)
    return kept, tuple(left_out)
