"""Tests of rooms, their directory, their host and their links, without Ray."""
