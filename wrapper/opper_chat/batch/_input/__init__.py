"""The requests of a batch: files and iterables of rows, and rows to requests."""
