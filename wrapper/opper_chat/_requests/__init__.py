"""Arguments to a prepared request: messages, media, parameters and their validation."""
