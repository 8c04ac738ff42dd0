"""One call: its state, its requests and retries, and the rate of requests to a model."""
