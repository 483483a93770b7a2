"""Sticks past the kernel: mass storage by the Bulk-Only transport."""
