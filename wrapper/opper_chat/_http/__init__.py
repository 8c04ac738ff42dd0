"""What lies between the client and an HTTP library: errors, addresses, content codings and server-sent events."""
