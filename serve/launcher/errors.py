"""What ends a start early: a failure with one clear sentence, or the wish to stop."""

from __future__ import annotations


class LaunchError(Exception):
    """The server cannot run; the message is the one sentence that its user reads."""


class StopRequested(BaseException):
    """SIGINT, SIGTERM or SIGHUP arrived while starting or serving."""
