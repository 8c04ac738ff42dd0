"""Deadlines, events, permits and event loops, for threads and for tasks."""
