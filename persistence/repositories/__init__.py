"""Queries, one repository a table and one for a person; each works in the session, and transaction, it is given."""

from persistence.repositories.audit import OPERATOR, AuditAction, AuditRepository
from persistence.repositories.base import BaseRepository
from persistence.repositories.conflicts import ConflictRepository
from persistence.repositories.every_room import EveryRoomRepository, StoredRoom
from persistence.repositories.invitations import InvitationRepository
from persistence.repositories.members import RoomMemberRepository
from persistence.repositories.messages import MessageRepository
from persistence.repositories.operations import OperationRepository
from persistence.repositories.personal import ListedRoom, PersonalRepository, RoomScope
from persistence.repositories.rooms import RoomRepository, no_room
from persistence.repositories.snapshots import DocumentSnapshotRepository
from persistence.repositories.standing import Standing, enrol, roles_in, standing_in
from persistence.repositories.users import UserRepository

__all__ = [
    "OPERATOR",
    "AuditAction",
    "AuditRepository",
    "BaseRepository",
    "ConflictRepository",
    "DocumentSnapshotRepository",
    "EveryRoomRepository",
    "InvitationRepository",
    "ListedRoom",
    "MessageRepository",
    "OperationRepository",
    "PersonalRepository",
    "RoomMemberRepository",
    "RoomRepository",
    "RoomScope",
    "Standing",
    "StoredRoom",
    "UserRepository",
    "enrol",
    "no_room",
    "roles_in",
    "standing_in",
]
