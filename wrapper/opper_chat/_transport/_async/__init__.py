"""Connections and their pool, behind the transport of httpx."""
