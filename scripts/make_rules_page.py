"""Writes docs/reference/rules.md from the rule tables of the rooms. With --check: only compares."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dicomdir.rules import RULES as DIRECTORY_RULES
from jacket import pdi_rules
from jacket.mail_rules import RULES as MAIL_RULES
from jacket.secure_rules import RULES as SECURE_RULES
from jacket.verification_rules import RULES as MEDIUM_RULES
from media.rules import RULES as FORMAT_RULES
from profiles.rules import RULES as PROFILE_RULES
from reporting import Rule

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "rules.md"
ROOMS = (
    ("The medium, its directory and its manifest together", MEDIUM_RULES),
    ("Secure DICOM Files that are opened", SECURE_RULES),
    ("Mails that are encrypted and signed as a whole", MAIL_RULES),
    ("Files and the directory", DIRECTORY_RULES),
    ("File systems", FORMAT_RULES),
    ("Application profiles", PROFILE_RULES),
    ("IHE PDI: the medium (`--pdi`)", pdi_rules.MEDIUM_RULES),
    ("IHE PDI: README.TXT and INDEX.HTM (`--pdi`)", pdi_rules.TEXT_RULES),
    ("IHE PDI: web pages (`--pdi`)", pdi_rules.WEB_RULES),
    ("German requirements for patient CDs (`--pdi`)", pdi_rules.GERMAN_RULES),
)


def page() -> str:
    """Return the page."""
    lines = [
        "# Rules of the verifier",
        "",
        "Made by `scripts/make_rules_page.py` from the tables in the code.",
    ]
    for title, rules in ROOMS:
        lines += ["", f"## {title}", "", "| rule | severity | meaning | what to do | reference |"]
        lines.append("|---|---|---|---|---|")
        lines += [_line(rule) for rule in rules]
    return "\n".join(lines) + "\n"


def _line(rule: Rule) -> str:
    cells = (f"`{rule.id}`", rule.severity, rule.meaning, rule.remedy, rule.reference)
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.exists() and PAGE.read_text() == page() else 1)
    PAGE.write_text(page())
