"""The error tree: every refusal that a caller can meet, with its stable code and its HTTP status.

    RayroomsError
    ├── InvalidError          422  malformed, invalid_operation, invalid_text, future_version, not_joined, unknown_event
    ├── UnauthenticatedError  401  bad_token
    ├── ForbiddenError        403  forbidden, read_only
    ├── NotFoundError         404  room_not_found, user_not_found, message_not_found, snapshot_not_found,
    │                              invitation_invalid, node_not_found
    ├── ConflictError         409  version_too_old, out_of_order, room_full, already_exists, superseded,
    │                              too_many_rooms, too_many_members
    ├── GoneError             410  invitation_expired, invitation_revoked
    ├── TooLargeError         413  message_too_large, document_too_large
    ├── UpgradeRequiredError  426  upgrade_required
    ├── RateLimitedError      429  rate_limited, too_many_connections
    └── UnavailableError      503  room_unavailable, room_load_failed, backlog_full, database_unavailable,
                                   keys_unavailable

Servers raise these; the transport edge turns them into an `error` event or a problem document in one place; the
client raises the same classes again from what it receives (`from_code`).
"""

from __future__ import annotations

from typing import ClassVar


class RayroomsError(Exception):
    """Base of all errors of this project; `code` is stable, `message` is a sentence for people.

    `retry_after` is in how many seconds the same may be tried again, where whoever refused it has said so.
    """

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, code: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[object, tuple[str, str, float | None]]:
        return (from_code, (self.code, self.message, self.retry_after))


class InvalidError(RayroomsError):
    """What was sent is wrong in itself and will be wrong again."""

    status = 422
    default_code = "malformed"


class UnauthenticatedError(RayroomsError):
    """No token, or one that does not hold."""

    status = 401
    default_code = "bad_token"


class ForbiddenError(RayroomsError):
    """Known, but not allowed."""

    status = 403
    default_code = "forbidden"


class NotFoundError(RayroomsError):
    """No such room, user, message, snapshot or invitation."""

    status = 404
    default_code = "room_not_found"


class ConflictError(RayroomsError):
    """Right in itself, wrong for the present state; a resync or another choice mends it."""

    status = 409
    default_code = "conflict"


class GoneError(RayroomsError):
    """It was good once and will not be again."""

    status = 410
    default_code = "invitation_expired"


class TooLargeError(RayroomsError):
    """Over a configured size."""

    status = 413
    default_code = "message_too_large"


class UpgradeRequiredError(RayroomsError):
    """The client is older than the server can talk to; a newer one is to be had."""

    status = 426
    default_code = "upgrade_required"


class RateLimitedError(RayroomsError):
    """Too many in too short a time."""

    status = 429
    default_code = "rate_limited"


class UnavailableError(RayroomsError):
    """Cannot be served now; the same request may succeed later."""

    status = 503
    default_code = "room_unavailable"


_BY_CODE: dict[str, type[RayroomsError]] = {
    code: kind
    for kind, codes in {
        InvalidError: (
            "malformed",
            "invalid_operation",
            "invalid_text",
            "future_version",
            "not_joined",
            "unknown_event",
        ),
        UnauthenticatedError: ("bad_token",),
        ForbiddenError: ("forbidden", "read_only"),
        NotFoundError: (
            "room_not_found",
            "user_not_found",
            "message_not_found",
            "snapshot_not_found",
            "invitation_invalid",
            "node_not_found",
        ),
        ConflictError: (
            "conflict",
            "version_too_old",
            "out_of_order",
            "room_full",
            "already_exists",
            "superseded",
            "too_many_rooms",
            "too_many_members",
        ),
        GoneError: ("invitation_expired", "invitation_revoked"),
        TooLargeError: ("message_too_large", "document_too_large"),
        UpgradeRequiredError: ("upgrade_required",),
        RateLimitedError: ("rate_limited", "too_many_connections"),
        UnavailableError: (
            "room_unavailable",
            "room_load_failed",
            "backlog_full",
            "database_unavailable",
            "keys_unavailable",
        ),
    }.items()
    for code in codes
}


def from_code(code: str, message: str, retry_after: float | None = None) -> RayroomsError:
    """The error that a received `code` stands for; an unknown code becomes a plain RayroomsError that keeps it."""
    return _BY_CODE.get(code, RayroomsError)(message, code=code, retry_after=retry_after)
