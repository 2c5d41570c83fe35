"""Hostile input to every door of the server: REST, sockets, the room link, the persistence feed."""
