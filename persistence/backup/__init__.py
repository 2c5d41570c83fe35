"""Rooms as portable files: a backup of all that Postgres holds of a room, and the way back.

A file holds what a room is, not who may write to it at the moment. Owner epochs are left out: a restored room gets one
that no owner ever had (`persistence.epochs`), and all of its operations carry it. So a stale owner is fenced,
and no client takes a version that it knows from before the restore for one of the restored history.
"""

from persistence.backup.backup import back_up, file_name
from persistence.backup.check import Contents, examine
from persistence.backup.restore import Restored, restore
from persistence.backup.texts import history, import_text, text_at

__all__ = [
    "Contents",
    "Restored",
    "back_up",
    "examine",
    "file_name",
    "history",
    "import_text",
    "restore",
    "text_at",
]
