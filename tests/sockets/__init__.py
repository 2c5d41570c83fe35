"""Tests of the gateway's side of sockets and rooms, in this process."""
