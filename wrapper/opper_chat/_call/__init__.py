"""The state of one call: attempts, retries and the pace of requests."""
