"""Clients, calls and streams. The folders of the sync and of the async client have the same files."""
