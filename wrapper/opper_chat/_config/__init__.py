"""Settings of a client and of a call: options, the environment, headers, proxies and limits."""
