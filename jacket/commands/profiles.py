"""List the application profiles of PS3.11 that this version knows, or explain one."""

from argparse import ArgumentParser, Namespace

from dicomdir.elements import name_of
from jacket import console
from profiles.application_profiles import ApplicationProfile, Composite, Declared
from profiles.profile_table import PROFILES, profile
from profiles.transfer_syntaxes import name_of_syntax

_ROLES = {"C": "creator (FSC)", "R": "reader (FSR)", "U": "updater (FSU)"}


def configure(parser: ArgumentParser) -> None:
    """Declare the words of the command."""
    parser.add_argument("identifier", nargs="?", metavar="ID", help="as PS3.11 spells it")


def run(arguments: Namespace) -> int:
    """Print the table, or one row of it."""
    rows = [profile(arguments.identifier)] if arguments.identifier else list(PROFILES.values())
    if arguments.json:
        console.print_json({"profiles": [as_json(row) for row in rows]})
    elif arguments.identifier:
        _explain(rows[0])
    else:
        for row in rows:
            console.say(f"{row.identifier:<28}{row.medium:<14}{row.file_system:<8}{row.source}")
        console.say("\njacket profiles ID explains one")
    return 0


def as_json(row: ApplicationProfile) -> dict[str, object]:
    """Return a profile as plain values."""
    return {
        "identifier": row.identifier,
        "medium": row.medium.value,
        "file_system": row.file_system.value,
        "allowed": [
            {
                "sop_classes": allowed.sop_classes.value
                if isinstance(allowed.sop_classes, Composite)
                else sorted(allowed.sop_classes),
                "transfer_syntaxes": "declared by the creator"
                if isinstance(allowed.transfer_syntaxes, Declared)
                else sorted(allowed.transfer_syntaxes),
                "source": allowed.source,
            }
            for allowed in row.allowed
        ],
        "additional_keys": [
            {
                "tag": f"{key.key.tag:08X}",
                "type": key.key.type,
                "records": sorted(key.record_types),
                "source": key.source,
            }
            for key in row.additional_keys
        ],
        "roles": sorted(role.value for role in row.roles),
        "security": row.security.value,
        "source": row.source,
    }


def _explain(row: ApplicationProfile) -> None:
    console.say(f"{row.identifier}  ({row.source})")
    console.say(f"  medium      {row.medium}, formatted as {row.file_system} of PS3.12")
    console.say(f"  room        {row.capacity}")
    for allowed in row.allowed:
        classes = (
            allowed.sop_classes.value
            if isinstance(allowed.sop_classes, Composite)
            else ", ".join(sorted(allowed.sop_classes))
        )
        syntaxes = (
            "as the creator's conformance statement declares"
            if isinstance(allowed.transfer_syntaxes, Declared)
            else ", ".join(name_of_syntax(uid) for uid in sorted(allowed.transfer_syntaxes))
        )
        console.say(f"  objects     {classes}")
        console.say(f"  encoded as  {syntaxes}  ({allowed.source})")
    for key in row.additional_keys:
        tag = name_of(key.key.tag)
        records = ", ".join(sorted(key.record_types))
        console.say(f"  key         {tag} type {key.key.type} in {records} records  ({key.source})")
    console.say(f"  roles       {', '.join(_ROLES[role] for role in sorted(row.roles))}")
    console.say(f"  security    {row.security}")
