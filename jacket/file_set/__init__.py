"""The File-set Updater (PS3.10 8.3): a File-set changed where it lies, on every medium."""
