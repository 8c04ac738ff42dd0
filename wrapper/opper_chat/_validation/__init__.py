"""Checks of values against the type hints of the contract."""
