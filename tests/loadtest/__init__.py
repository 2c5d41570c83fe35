"""Tests of the load tests' own reckoning: what they replay, what they check, what they measure."""
