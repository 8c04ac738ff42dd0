"""The local server of the endpoint."""
