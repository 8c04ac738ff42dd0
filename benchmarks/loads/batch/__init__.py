"""Loads of `opper_chat.batch`: many rows, and runs that are killed."""
