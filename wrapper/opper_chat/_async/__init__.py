"""Clients, calls and streams: written in `_async`, from which `_sync` is generated."""
