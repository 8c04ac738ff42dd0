"""Scripted replies: what a test makes the local server send."""
