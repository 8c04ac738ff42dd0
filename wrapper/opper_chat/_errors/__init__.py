"""The exceptions of this package, and how they read, describe and redact what a server sent."""
