"""List the application profiles of PS3.11, or explain one.

An application profile says which objects may be on which medium, and in which shape.
"""

from argparse import ArgumentParser, Namespace

from jacket import console
from jacket.profile_words import add_profile_files, declared_profiles
from profiles.profile_table import PROFILES, profile


def configure(parser: ArgumentParser) -> None:
    """Declare the words of the command."""
    parser.add_argument("identifier", nargs="?", metavar="ID", help="explain this one")
    add_profile_files(parser)


def run(arguments: Namespace) -> int:
    """Print the table, or one row of it."""
    declared = declared_profiles(arguments.profile_file)
    if arguments.identifier:
        rows = [profile(arguments.identifier, declared)]
    else:
        rows = [*PROFILES.values(), *declared.values()]
    if arguments.json:
        from jacket.profile_json import as_json

        console.print_json({"profiles": [as_json(row) for row in rows]})
        return 0
    from jacket.profile_page import listing, page

    for line in page(rows[0]) if arguments.identifier else listing(rows):
        console.say(line)
    return 0
