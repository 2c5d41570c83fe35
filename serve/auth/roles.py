"""What each role may do in a room: pure rules, in one table."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from rayrooms.errors import ForbiddenError

if TYPE_CHECKING:
    from rayrooms.protocol import Role
    from serve.auth.tokens import Identity


class Permission(Enum):
    """One thing that a person may be allowed to do in a room."""

    READ = auto()
    CHAT = auto()
    EDIT = auto()
    INSPECT = auto()
    """See where the room lives: its process, node and owner epoch."""
    AUDIT = auto()
    """Read who changed who belongs to the room."""
    MANAGE_MEMBERS = auto()
    """Add and remove members and viewers."""
    MANAGE_ADMINS = auto()
    DELETE = auto()


_VISITOR = frozenset({Permission.READ})
_VIEWER = _VISITOR | {Permission.CHAT}
_MEMBER = _VIEWER | {Permission.EDIT}
_ADMIN = _MEMBER | {Permission.INSPECT, Permission.AUDIT, Permission.MANAGE_MEMBERS}
_OWNER = _ADMIN | {Permission.MANAGE_ADMINS, Permission.DELETE}
_ALLOWED: dict[Role | None, frozenset[Permission]] = {
    None: _VISITOR,
    "viewer": _VIEWER,
    "member": _MEMBER,
    "admin": _ADMIN,
    "owner": _OWNER,
}


ROLES: tuple[Role, ...] = ("viewer", "member", "admin", "owner")
"""From the least to the most that a member may be."""


def allowed(role: Role | None, permission: Permission) -> bool:
    """Whether the role may; None stands for someone signed in who is not a member of the (public) room."""
    return permission in _ALLOWED[role]


def require(role: Role | None, permission: Permission) -> None:
    """Raises ForbiddenError: read_only when a viewer would edit, else forbidden."""
    if allowed(role, permission):
        return
    if permission is Permission.EDIT and role == "viewer":
        raise ForbiddenError("Viewers of this room cannot change it.", code="read_only")
    raise ForbiddenError("Your role in this room does not allow this.")


def permission_over(role: Role) -> Permission:
    """What it takes to give someone this role, or to take it from them (the owner's is never given or taken)."""
    return Permission.MANAGE_ADMINS if role in {"owner", "admin"} else Permission.MANAGE_MEMBERS


def granting(role: Role) -> frozenset[Role]:
    """The roles whose holders may give this one."""
    return frozenset(holder for holder in ROLES if allowed(holder, permission_over(role)))


def lower_than(role: Role) -> frozenset[Role]:
    """The roles that allow less than this one."""
    return frozenset(other for other in ROLES if _ALLOWED[other] < _ALLOWED[role])


def require_self(identity: Identity, user_id: str) -> None:
    """Raises ForbiddenError unless the user id of a path is the token's own."""
    if user_id != identity.user_id:
        raise ForbiddenError("The user id in the path is not the token's own.")
