"""What is recorded of a call, and who is told of it: observers and the log."""
