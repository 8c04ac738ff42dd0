"""Loads that look for wrong results, lost attempts, leaks and unfairness, each a program of its own."""
