"""What ends a start early: a failure with one clear sentence, or the wish to stop."""

from __future__ import annotations


class LaunchError(Exception):
    """The server cannot run; the message is the one sentence that its user reads."""


class StopRequested(Exception):  # noqa: N818 - a request, not an error
    """A signal has asked the server to stop."""
