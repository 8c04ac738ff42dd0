"""Connections and their pool, for httpx.AsyncClient in `_async` and for httpx.Client in `_sync`, which is generated."""
