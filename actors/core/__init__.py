"""The pure room core: the document and all that belongs to it, with no clock, socket or randomness of its own."""
