"""What runs calls at the same time: tasks in `async_workers`, threads in `workers`. Both have the same names."""
