"""Deadlines, events and permits, for threads and for tasks."""
