"""A proxy that imitates a bad network."""
