"""Cassettes: recorded exchanges, without secrets, that a test replays."""
