"""Rules that need more than one room: the medium, its directory and its manifest together."""

from typing import Final

from reporting import Rule, Severity

DICOMDIR_MISSING: Final = Rule(
    "MED-DICOMDIR",
    Severity.ERROR,
    "There is no DICOMDIR in the root of the medium",
    "Make a medium of the images that are there with `jacket author`, or give the folder a "
    "directory with `jacket dicomdir`; images can still be imported by scanning",
    "PS3.10 8.6",
)
DICOMDIR_NAME: Final = Rule(
    "MED-DICOMDIR-NAME",
    Severity.ERROR,
    "The directory is not recorded under the name DICOMDIR",
    "Write the name in capitals, without extension",
    "PS3.10 8.6",
)
OTHER_DICOMDIR: Final = Rule(
    "MED-DICOMDIR-SECOND",
    Severity.ERROR,
    "A directory under another name than DICOMDIR",
    "If it is the directory of this medium, name it DICOMDIR; else take it away",
    "PS3.10 8.6, PS3.12 F.1",
)
SECOND_DICOMDIR: Final = Rule(
    "MED-DICOMDIR-SECOND",
    Severity.ERROR,
    "A second DICOMDIR; a medium holds one File-set",
    "Take it away, or put its File-set on a medium of its own",
    "PS3.10 8.6, PS3.12 F.1",
)
DICOMDIR_UNREADABLE: Final = Rule(
    "MED-DICOMDIR-CONTENT",
    Severity.ERROR,
    "The file DICOMDIR is no directory",
    "Make the medium again with `jacket author`; images can still be imported by scanning",
    "PS3.10 8.6",
)
DESCRIPTOR_MISSING: Final = Rule(
    "MED-DESCRIPTOR",
    Severity.WARNING,
    "The File-set Descriptor File that the DICOMDIR names is not on the medium",
    "Put the text there, or make the directory again with `jacket dicomdir --anew`",
    "PS3.10 8.1; PS3.3 F.3.2.1",
)
LABEL_DIFFERS: Final = Rule(
    "MED-LABEL",
    Severity.ERROR,
    "The Volume Identifier is not the File-set ID",
    "Write the File-set ID of the DICOMDIR as volume label",
    "PS3.12 F.1.2",
)
SOME_MEDIA: Final = Rule(
    "MED-KIND",
    Severity.NOTE,
    "Wrong on some kinds of media only, whose profiles are not satisfied",
    "Nothing needs to be done, unless it is to be such a medium",
    "PS3.12",
)
FILE_UNREADABLE: Final = Rule(
    "MED-READ",
    Severity.ERROR,
    "A file cannot be read to its end",
    "Clean the medium and try another drive; then ask for the medium to be made again",
    "PS3.10 8.4",
)
AUTORUN: Final = Rule(
    "MED-AUTORUN",
    Severity.WARNING,
    "A file that starts programs by itself when the medium is inserted",
    "Take AUTORUN.INF away; hospitals block such media",
    "PS3.10 7.5",
)
DIGEST_DIFFERS: Final = Rule(
    "MAN-DIGEST",
    Severity.ERROR,
    "The content is not what the manifest says: the file was changed or is damaged",
    "Do not use the medium; make it again from the source",
    "Filmjacket MANIFEST.TXT",
)
LISTED_MISSING: Final = Rule(
    "MAN-MISSING",
    Severity.ERROR,
    "The manifest lists a file that is not there",
    "Do not use the medium; make it again from the source",
    "Filmjacket MANIFEST.TXT",
)
NOT_LISTED: Final = Rule(
    "MAN-NOT-LISTED",
    Severity.WARNING,
    "The manifest does not list this file: it was added later",
    "Find out who added it, or make the medium again",
    "Filmjacket MANIFEST.TXT",
)
MANIFEST_LINE: Final = Rule(
    "MAN-LINE",
    Severity.ERROR,
    "A line of the manifest is none of sha256sum: the manifest is damaged",
    "Do not rely on the medium; make it again from the source",
    "Filmjacket MANIFEST.TXT",
)

RULES: Final = (
    DICOMDIR_MISSING,
    DICOMDIR_NAME,
    SECOND_DICOMDIR,
    DICOMDIR_UNREADABLE,
    DESCRIPTOR_MISSING,
    LABEL_DIFFERS,
    SOME_MEDIA,
    FILE_UNREADABLE,
    AUTORUN,
    DIGEST_DIFFERS,
    LISTED_MISSING,
    NOT_LISTED,
    MANIFEST_LINE,
)


def every_rule() -> tuple[Rule, ...]:
    """Return the rules of all rooms."""
    from dicomdir.rules import RULES as OF_DIRECTORIES
    from jacket.mail_rules import RULES as OF_MAILS
    from jacket.pdi_rules import RULES as OF_IHE
    from jacket.secure_rules import RULES as OF_SECURE_FILES
    from media.rules import RULES as OF_FORMATS
    from profiles.rules import RULES as OF_PROFILES

    return (
        *RULES,
        *OF_SECURE_FILES,
        *OF_MAILS,
        *OF_DIRECTORIES,
        *OF_FORMATS,
        *OF_PROFILES,
        *OF_IHE,
    )
