"""How processes of the server log: plain lines, or one JSON object a line with fields of fixed names.

A record's fields come as `extra` of the logging call. None of them, and no message, ever holds what users wrote.
Room processes import this module, so it stands on nothing but msgspec, which they have anyway.
"""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime
from typing import Literal

import msgspec

LogFormat = Literal["text", "json"]

OUR_LOGGERS = ("rayrooms", "persistence", "actors", "serve")
"""Their level is the setting; all other packages are only heard from WARNING on."""
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class LogLine(msgspec.Struct, omit_defaults=True):
    """One line. `time` is UTC, `node` the Ray id of the node, `error` the traceback of an exception."""

    time: datetime
    level: str
    logger: str
    message: str
    node: str | None = None
    process: int | None = None
    room_id: str | None = None
    client_id: str | None = None
    user_id: str | None = None
    epoch: int | None = None
    code: str | None = None
    error: str | None = None


FIELDS = ("room_id", "client_id", "user_id", "epoch", "code")
"""What `extra` may hold."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


class JsonFormatter(logging.Formatter):
    """Makes a LogLine of each record."""

    def __init__(self, node: str = "") -> None:
        super().__init__()
        self._node = node or None

    def format(self, record: logging.LogRecord) -> str:
        line = LogLine(
            time=datetime.fromtimestamp(record.created, UTC),
            level=record.levelname,
            logger=record.name,
            message=record.getMessage(),
            node=self._node,
            process=record.process,
            error=self.formatException(record.exc_info) if record.exc_info else None,
        )
        for field in FIELDS:
            value = record.__dict__.get(field)
            if value is not None:
                setattr(line, field, value)
        return _encode(line).decode()


def formatter(log_format: LogFormat, *, node: str = "", text: str = _TEXT) -> logging.Formatter:
    """What makes lines of records; `text` is how plain ones look."""
    return JsonFormatter(node) if log_format == "json" else logging.Formatter(text)


def configure(log_format: LogFormat, level: str, *, node: str = "", text: str = _TEXT) -> None:
    """Have this process log to its standard error from `level` on; calling it again replaces what was before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(log_format, node=node, text=text))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OUR_LOGGERS:
        logging.getLogger(name).setLevel(level)


def say(form: logging.Formatter, text: str, level: int = logging.INFO, stream: int = 1) -> None:
    """Write one line to a file descriptor, past all handlers: this also works inside a signal handler."""
    record = logging.LogRecord("serve.launcher", level, __file__, 0, text, None, None)
    os.write(stream, f"{form.format(record)}\n".encode())
