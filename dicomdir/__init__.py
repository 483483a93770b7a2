"""PS3.10 files and the Basic Directory: scan, records, build, write, read, update, check."""
