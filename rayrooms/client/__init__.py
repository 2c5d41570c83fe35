"""The client of a room: a pure state machine, and the connections and loops around it."""
