"""Example values for a JSON Schema."""
