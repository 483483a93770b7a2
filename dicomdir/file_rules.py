"""Rules about one DICOM file: preamble, prefix and File Meta Information (PS3.10 7)."""

from typing import Final

from reporting import Rule, Severity

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


FILE_RULES: Final = (
    Rule(
        "P10-PREAMBLE-EXECUTABLE",
        ERROR,
        "The preamble begins like a program, a script, a web page or an archive",
        "Do not open the file with anything but a DICOM reader, and tell your security officer",
        "PS3.10 7.5",
    ),
    Rule(
        "P10-PREAMBLE-UNKNOWN",
        WARNING,
        "The first 128 bytes (preamble) are neither empty nor the beginning of a TIFF image",
        "Readers must not rely on it; write the file with a preamble of zeros",
        "PS3.10 7.1, 7.5",
    ),
    Rule(
        "P10-PREAMBLE-TIFF",
        NOTE,
        "The preamble makes the file readable as a TIFF image too",
        "Nothing needs to be done",
        "PS3.10 7.1, 7.5",
    ),
    Rule(
        "P10-PREFIX",
        ERROR,
        "There is no preamble of 128 bytes followed by DICM",
        "Give the file a new head: `jacket author` does so",
        "PS3.10 7.1",
    ),
    Rule(
        "P10-META-ENCODING",
        ERROR,
        "The File Meta Information is not in Explicit VR Little Endian, or does not parse",
        "Give the file a new head: `jacket author` does so",
        "PS3.10 7.1",
    ),
    Rule(
        "P10-META-TRUNCATED",
        ERROR,
        "The file ends within its File Meta Information, or right after it",
        "Copy the file again from where it came",
        "PS3.10 7.1",
    ),
    Rule(
        "P10-META-GROUP-LENGTH",
        ERROR,
        "The File Meta Information Group Length is not the length of the group",
        "Give the file a new head: `jacket author` does so",
        "PS3.10 7.1",
    ),
    Rule(
        "P10-META-MISSING",
        ERROR,
        "A required element of the File Meta Information is missing or empty",
        "Give the file a new head: `jacket author` does so",
        "PS3.10 7.1",
    ),
    Rule(
        "P10-META-VERSION",
        ERROR,
        "The File Meta Information Version is not 00\\01",
        "Give the file a new head: `jacket author` does so",
        "PS3.10 7.1",
    ),
    Rule(
        "P10-META-ORDER",
        ERROR,
        "Elements of the File Meta Information are doubled or out of order",
        "Give the file a new head: `jacket author` does so",
        "PS3.5 7.1",
    ),
    Rule(
        "P10-META-VR",
        ERROR,
        "An element of the File Meta Information has another VR than the standard gives it",
        "Give the file a new head: `jacket author` does so",
        "PS3.10 7.1",
    ),
    Rule(
        "P10-META-UN",
        ERROR,
        "The File Meta Information uses VR UN",
        "Give the file a new head: `jacket author` does so",
        "PS3.10 7.1",
    ),
    Rule(
        "P10-META-PADDING",
        ERROR,
        "A value of the File Meta Information is of odd length or padded wrongly",
        "Give the file a new head: `jacket author` does so",
        "PS3.10 7.1; PS3.5 9.1",
    ),
    Rule(
        "P10-META-UID",
        ERROR,
        "A UID of the File Meta Information is not formed as UIDs are",
        "Ask the maker of the file; changing a UID makes another object of it",
        "PS3.5 9.1",
    ),
    Rule(
        "P10-META-PRIVATE",
        ERROR,
        "Private Information and its creator do not stand together",
        "Give the file a new head: `jacket author` does so",
        "PS3.10 7.1",
    ),
    Rule(
        "P10-META-VERSION-NAME",
        NOTE,
        "The Implementation Version Name has other characters than A-Z 0-9 _ or is too long",
        "Nothing needs to be done",
        "PS3.10 7.1, 8.5",
    ),
    Rule(
        "P10-TRANSFER-SYNTAX",
        WARNING,
        "The Transfer Syntax is none that PS3.6 knows",
        "Only software of the maker may be able to read the file",
        "PS3.6 A; PS3.10 7.1",
    ),
)
