"""Rooms as Ray actors: the pure room core, the actor around it, the directory of owners and the room link."""
