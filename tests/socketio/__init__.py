"""Socket.IO: its packets and the endpoint in this process, and stock clients for tests against a live server."""
