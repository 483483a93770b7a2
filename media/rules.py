"""All rules of this room in one table, for reports and for the reference."""

from typing import Final

import media.fat.rules
import media.folder.read
import media.iso9660.rules
import media.iso9660.views_rules
import media.mime.rules
import media.udf.rules
import media.zip.rules

RULES: Final = (
    *media.iso9660.rules.RULES,
    *media.iso9660.views_rules.RULES,
    *media.fat.rules.RULES,
    *media.udf.rules.RULES,
    *media.zip.rules.RULES,
    *media.mime.rules.RULES,
    *media.folder.read.RULES,
)
