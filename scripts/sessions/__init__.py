"""The sessions of nox, by subject. `noxfile.py` imports the modules that have some."""
