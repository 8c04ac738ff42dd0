# Made from wrapper/opper_chat/_transport/_async/__init__.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""Connections and their pool, behind the transport of httpx."""
