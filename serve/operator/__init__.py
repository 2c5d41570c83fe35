"""`scripts/rayrooms`: what an operator does with a server and its rooms, beside it or over its API."""
