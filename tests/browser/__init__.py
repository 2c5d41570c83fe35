"""People in real browsers on a real server."""
