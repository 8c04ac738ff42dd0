"""The trace of a call, and its observers. The log is one of them."""
