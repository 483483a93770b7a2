"""Mails that carry a File-set: made, read, checked."""
