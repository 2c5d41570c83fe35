"""The REST routes: each reads its request, calls one service and names what can go wrong; errors travel as they are."""
