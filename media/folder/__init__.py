"""Plain folders: made, read, changed in place."""
