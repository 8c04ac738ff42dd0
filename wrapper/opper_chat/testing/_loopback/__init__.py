"""A server on loopback in a thread of its own, and what it received."""
