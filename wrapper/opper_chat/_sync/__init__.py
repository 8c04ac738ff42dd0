# Made from wrapper/opper_chat/_async/__init__.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""Clients, calls and streams: written in `_sync`, from which `_sync` is generated."""
