"""The HTTP/1.1 engine behind httpx: transport, pool, connections and messages. It knows nothing of chat."""
