"""A seeded simulation: the server's room core with several client state machines over a bad network."""
