"""ZIP archives: made, read, also encrypted ones, checked."""
