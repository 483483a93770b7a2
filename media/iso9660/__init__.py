"""ISO 9660: laid out, encoded, read with its sessions and other names, appended to, checked."""
