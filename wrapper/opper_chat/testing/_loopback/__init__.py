"""Servers on loopback, each in a thread of its own, and the requests that they received."""
