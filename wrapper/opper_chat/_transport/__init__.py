"""The HTTP/1.1 engine: connections, their pool, and the messages that they carry. It knows nothing of chat."""
