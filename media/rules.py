"""All rules of this room in one table, for reports and for the reference."""

from typing import Final

from media import (
    fat_rules,
    folder_read,
    iso9660_rules,
    iso9660_views_rules,
    mime_rules,
    udf_rules,
    zip_rules,
)

RULES: Final = (
    *iso9660_rules.RULES,
    *iso9660_views_rules.RULES,
    *fat_rules.RULES,
    *udf_rules.RULES,
    *zip_rules.RULES,
    *mime_rules.RULES,
    *folder_read.RULES,
)
