"""Chaos: clients edit while processes are killed or stopped and networks fail, from plans that can be replayed."""
