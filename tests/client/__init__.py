"""Tests of rayrooms.client."""
