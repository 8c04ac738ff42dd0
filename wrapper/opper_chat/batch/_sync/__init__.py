# Made from wrapper/opper_chat/batch/_async/__init__.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""Batches, async: the engine, the iterator of results, and runs that write files."""
