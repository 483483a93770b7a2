"""The rules of IHE PDI, and of the German requirements built on it, as rows.

``PDI-`` rows are of the IHE Radiology Technical Framework, transaction RAD-47 "Distribute Imaging
Information on Media"; where IHE repeats them for XDM the section of ITI-32 is given. ``DRG-`` rows
are what the requirements of the German radiological society (DRG, 2006) ask beyond that: in
Germany a rule, elsewhere an advice, so they never are errors.
"""

from typing import Final

from reporting import Rule, Severity

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_RAD_47: Final = "IHE RAD-47 (RAD TF 4.47.4.1.2)"
_ITI_32: Final = "IHE RAD-47; ITI-32 3.32.4.1.2.2"
_AGAIN: Final = "Make the medium again with software that keeps to IHE PDI"
_README: Final = "Complete README.TXT; the same text may go on every medium of an institution"
_INDEX: Final = "Complete INDEX.HTM in the root"
_PAGE: Final = "Have the maker of the pages mend them"

MEDIUM_RULES: Final = (
    Rule(
        "PDI-ROOT-DICOM",
        ERROR,
        "A DICOM file lies in the root; there only the DICOMDIR may",
        "Put DICOM files into a folder, such as DICOM, and make the directory again",
        _RAD_47,
    ),
    Rule(
        "PDI-WEB-DICOM",
        ERROR,
        "A DICOM file lies in IHE_PDI, which is for web pages",
        "Put DICOM files into a folder of their own, and make the directory again",
        _RAD_47,
    ),
    Rule(
        "PDI-MIXED-FOLDER",
        WARNING,
        "Something that is not DICOM lies in a folder of DICOM files",
        "Put it into a folder of its own",
        _RAD_47,
    ),
    Rule(
        "PDI-TRANSFER-SYNTAX",
        ERROR,
        "On a CD every object must be in Explicit VR Little Endian, not compressed",
        "Make the CD again with `jacket author --profile STD-GEN-CD`, or use a DVD or a stick",
        "IHE RAD-47; PS3.11 D.3-1",
    ),
    Rule(
        "PDI-RECORD-TYPE",
        ERROR,
        "The DICOMDIR has a record of a type that IHE PDI does not allow",
        "Make the directory again with `jacket dicomdir --anew`",
        "IHE RAD-47 (RAD TF 4.47.4.1.2.3.1.2)",
    ),
    Rule(
        "PDI-IHE-NAME",
        ERROR,
        "A name in the root begins with IHE and is none that IHE defines (IHE_PDI, IHE_XDM)",
        "Give it another name",
        "IHE RAD-47 (RAD TF 4.47.4.1.2.2.3)",
    ),
    Rule(
        "PDI-AUTORUN",
        ERROR,
        "A file in the root starts programs by itself when the medium is inserted",
        "Take it away; a link in INDEX.HTM may start the viewer",
        _ITI_32,
    ),
    Rule(
        "PDI-NAME",
        ERROR,
        "A name is longer than 8.3, or has other characters than A-Z 0-9 _",
        "Rename it; that holds for programs and their libraries, too",
        "IHE RAD-47; ITI-32 3.32.4.1.2.1",
    ),
)

TEXT_RULES: Final = (
    Rule("PDI-README", ERROR, "There is no README.TXT in the root", _AGAIN, _ITI_32),
    Rule(
        "PDI-README-TEXT",
        WARNING,
        "README.TXT is not plain ASCII text: not every system shows it as it was meant",
        "Write it in ASCII",
        _ITI_32,
    ),
    Rule(
        "PDI-README-CONTACT",
        WARNING,
        "README.TXT names fewer than two contacts (telephone, e-mail, web): the institution that "
        "made the medium, and the vendor of the software",
        _README,
        _ITI_32,
    ),
    Rule(
        "PDI-README-PRODUCT",
        WARNING,
        "README.TXT does not seem to name the software that made the medium, with its version",
        _README,
        _ITI_32,
    ),
    Rule(
        "PDI-README-ORGANISATION",
        WARNING,
        "README.TXT does not say how the medium is organised: it does not mention DICOMDIR",
        _README,
        _ITI_32,
    ),
    Rule(
        "PDI-README-VIEWER",
        WARNING,
        "There are programs on the medium, but README.TXT names no operating system they run on",
        _README,
        _ITI_32,
    ),
    Rule(
        "PDI-INDEX",
        ERROR,
        "There are web pages in IHE_PDI, but no INDEX.HTM in the root",
        "Put an INDEX.HTM into the root that leads to them",
        _RAD_47,
    ),
    Rule("PDI-INDEX-README", ERROR, "INDEX.HTM has no link to README.TXT", _INDEX, _ITI_32),
    Rule("PDI-INDEX-WEB", ERROR, "INDEX.HTM has no link into IHE_PDI", _INDEX, _ITI_32),
    Rule(
        "PDI-INDEX-VIEWER",
        WARNING,
        "There are programs on the medium, but INDEX.HTM has no link to one",
        _INDEX,
        _ITI_32,
    ),
)

WEB_RULES: Final = (
    Rule("PDI-LINK", ERROR, "A link leads to nothing on the medium", _PAGE, _RAD_47),
    Rule(
        "PDI-LINK-LEAVES",
        ERROR,
        "A link leads out of the medium, is absolute, or needs a network",
        "Have the pages use relative links to what is on the medium",
        _RAD_47,
    ),
    Rule(
        "PDI-LINK-CASE",
        WARNING,
        "A link is spelled neither as the file is nor in lower case throughout",
        "It does not work on every system; spell it as the file is",
        _RAD_47,
    ),
    Rule(
        "PDI-WEB-FORMAT",
        WARNING,
        "A file in IHE_PDI is neither a page nor a JPEG picture",
        "Put other content into a folder of its own; IHE_PDI is for XHTML and JPEG",
        _RAD_47,
    ),
    Rule(
        "PDI-WEB-ACTIVE",
        WARNING,
        "A page needs applets, plug-ins or ActiveX",
        "Browsers do not run these any more; have the pages made in plain XHTML",
        _RAD_47,
    ),
    Rule(
        "PDI-WEB-PATIENT",
        ERROR,
        "A page names a patient, study, series or object that the DICOMDIR does not have",
        "Web pages may show nothing but what is on the medium as DICOM: make the medium again",
        _RAD_47,
    ),
    Rule(
        "PDI-WEB-NOT-READ",
        NOTE,
        "A page is too large or too involved; its links were not all looked at",
        "Nothing needs to be done",
        "Filmjacket",
    ),
)

GERMAN_RULES: Final = (
    Rule(
        "DRG-INDEX",
        WARNING,
        "German requirement: there is no INDEX.HTM in the root",
        "Put an INDEX.HTM into the root",
        "DRG requirements for patient CDs 2006, 3.2.2",
    ),
    Rule(
        "DRG-LINK-CASE",
        WARNING,
        "German requirement: a link is not in lower case throughout",
        _PAGE,
        "DRG requirements for patient CDs 2006, 3.2.1.9",
    ),
    Rule(
        "DRG-WEB-STYLE",
        WARNING,
        "German requirement: a page uses style sheets",
        _PAGE,
        "DRG requirements for patient CDs 2006, 3.2.1.10",
    ),
    Rule(
        "DRG-WEB-SCRIPT",
        WARNING,
        "German requirement: a page uses a script language other than JavaScript",
        _PAGE,
        "DRG requirements for patient CDs 2006, 3.2.1.10",
    ),
    Rule(
        "DRG-RECORD-TYPE",
        WARNING,
        "German requirement: the DICOMDIR has a record of type MRDR",
        "Make the directory again with `jacket dicomdir --anew`",
        "DRG requirements for patient CDs 2006, 3.1.2.4",
    ),
    Rule(
        "DRG-PRIVATE-ELEMENT",
        WARNING,
        "German requirement: the DICOMDIR has private elements",
        "Make the directory again with `jacket dicomdir --anew`",
        "DRG requirements for patient CDs 2006, 3.1.2.4",
    ),
    Rule(
        "DRG-VIEWER-INSTALL",
        WARNING,
        "German requirement: a program on the medium has to be installed before it runs",
        "Put a viewer on the medium that runs as it is, without administrator's rights",
        "DRG requirements for patient CDs 2006, 3.3.3",
    ),
)

RULES: Final = (*MEDIUM_RULES, *TEXT_RULES, *WEB_RULES, *GERMAN_RULES)
RULE: Final = {rule.id: rule for rule in RULES}


def is_of_pdi(rule: str) -> bool:
    """Tell whether a rule is of IHE PDI, or of the German requirements, and not of DICOM."""
    return rule.startswith(("PDI-", "DRG-"))
