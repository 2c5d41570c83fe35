"""Tests of the Jupyter server extension, in real Jupyter servers."""
