"""The relay between a view and the room server, through a kernel."""
