"""One module for each command: its words, and how its result is printed."""
