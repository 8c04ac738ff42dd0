"""Completions as callers get them."""
