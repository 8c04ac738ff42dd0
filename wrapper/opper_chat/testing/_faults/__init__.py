"""The proxy that does to connections what a bad network does."""
