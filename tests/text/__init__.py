"""Tests of rayrooms.text, the OT type."""
