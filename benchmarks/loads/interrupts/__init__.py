"""Exceptions and signals at every point of a call: `python -m benchmarks.loads.interrupts`."""
