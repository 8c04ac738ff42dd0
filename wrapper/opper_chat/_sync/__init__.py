# Made from wrapper/opper_chat/_async/__init__.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""Clients, calls and streams. The folders of the sync and of the async client have the same files."""
