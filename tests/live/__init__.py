"""Tests of a running server through its real ports."""
