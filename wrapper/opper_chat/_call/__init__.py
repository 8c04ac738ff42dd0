"""The state of one call: attempts, retries, and the rate of requests."""
