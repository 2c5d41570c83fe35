"""Queries, one repository a table; each works in the session, and so in the transaction, that it is given."""

from persistence.repositories.base import BaseRepository
from persistence.repositories.conflicts import ConflictRepository
from persistence.repositories.invitations import InvitationRepository
from persistence.repositories.members import RoomMemberRepository
from persistence.repositories.messages import MessageRepository
from persistence.repositories.operations import OperationRepository
from persistence.repositories.rooms import RoomRepository
from persistence.repositories.snapshots import DocumentSnapshotRepository
from persistence.repositories.users import UserRepository

__all__ = [
    "BaseRepository",
    "ConflictRepository",
    "DocumentSnapshotRepository",
    "InvitationRepository",
    "MessageRepository",
    "OperationRepository",
    "RoomMemberRepository",
    "RoomRepository",
    "UserRepository",
]
