"""Many calls over a faulty network, every attempt counted on both sides: `python -m benchmarks.loads.soak_calls`."""
