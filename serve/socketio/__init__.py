"""Socket.IO at `/socket.io/`: stock clients in the same rooms, over WebSocket, with the events of rayrooms.protocol.

Socket.IO 5 on Engine.IO 4 over WebSocket alone is a handful of packet types, spoken here on the connections that `/ws`
has too, so that order, bounds and refusals are the same on both.
"""
