"""FAT12, FAT16 and FAT32: laid out, encoded, read, changed in place, checked."""
