"""What holds for all tests: hypothesis sets no deadlines, since servers and browsers may keep the machine busy."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
