"""Many callers against a server with a rate limit: `python -m benchmarks.loads.storm`."""
