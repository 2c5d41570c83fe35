"""WebSocket connections: the endpoint, the eleven events, and the fan-out of rooms to their sessions."""
