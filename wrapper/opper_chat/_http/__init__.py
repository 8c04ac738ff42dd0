"""Work with an HTTP library: its errors, redirects, timeouts, content codings and server-sent events."""
