"""Batches, async: the engine, the iterator of results, and runs that write files."""
