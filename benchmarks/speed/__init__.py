"""How fast and how light the client is, beside its peers: `python -m benchmarks.speed`."""
