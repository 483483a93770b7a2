"""Burning: what `author` plans, onto discs and sticks, read back to the last block."""
