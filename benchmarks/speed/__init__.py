"""Measure the speed and memory of the client and its peers: `python -m benchmarks.speed`."""
