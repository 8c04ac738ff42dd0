"""Convert server-sent events to chunks, chunks to a completion, and both to typed events. No I/O."""
