"""A room in which everything has happened that a room's tables can tell of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from persistence import tables
from rayrooms import text

if TYPE_CHECKING:
    import psycopg

    from persistence.database import Database
    from rayrooms.protocol import Operation

NOON = datetime(2026, 3, 1, 12, 0, 0, 123457, tzinfo=UTC)
"""With a microsecond that is lost where times are kept as floats of too little precision."""

OPS: list[Operation] = [
    ["héllo 👩‍🚀\r\n\twörld"],
    [6, {"d": "👩"}, "🚀😀"],
    [{"d": "h"}, "H", 3, "'\"\\\u2028\u0001"],
    ["<script>&amp;"],
    [{"d": "<script>&amp;"}],
]

TABLES: dict[str, str] = {
    "rooms": "id, name, description, owner_id, private, max_users, language, created_at, updated_at",
    "room_members": "user_id, name, email, colour, role, joined_at, last_seen",
    "invitations": "id, role, created_by, created_at, expires_at, revoked_at, uses",
    "operations": "version, op_type, position, content, op, user_id, client_id, seq, at",
    "messages": "id, user_id, name, content, reply_to, reactions, edited, deleted, created_at",
    "document_snapshots": "version, content, size_bytes, clients, created_at",
    "conflict_resolutions": "version, other_version, user_id, other_user_id, kind, strategy, created_at",
    "audit_events": "at, action, actor_id, user_id, role, previous_role, invitation_id, private",
}
"""Every column of every table of a room that its backup is to bring back."""

NOT_KEPT: dict[str, set[str]] = {
    "rooms": {"owner_epoch"},
    "room_members": {"active"},
    "operations": {"epoch"},
    "document_snapshots": {"version_epoch"},
    "audit_events": {"id"},
}
"""What is the server's own, and not the room's."""


_SINCE_MADE = """ AND action <> 'room_restored' AND id > coalesce((
    SELECT max(d.id) FROM audit_events d WHERE d.room_id = audit_events.room_id AND d.action = 'room_deleted'), 0)"""


def text_of(version: int) -> str:
    content = ""
    for op in OPS[:version]:
        content = text.apply(content, op)
    return content


async def live_in(database: Database, room_id: str, *, epoch: int = 7) -> None:
    """Fill a new room."""
    async with database.session() as session:
        session.add(_room(room_id, epoch))
        await session.flush()
        for row in (*_people(room_id), *_history(room_id, epoch), *_chat(room_id), *_audit(room_id)):
            session.add(row)
            await session.flush()


def _room(room_id: str, epoch: int) -> tables.Room:
    return tables.Room(
        id=room_id,
        name="Lived 🏠 in",
        description="line\nline",
        owner_id="lea",
        private=True,
        max_users=7,
        language="python",
        owner_epoch=epoch,
        created_at=NOON,
        updated_at=NOON + timedelta(days=1),
    )


def _people(room_id: str) -> list[tables.Table]:
    people: list[tables.Table] = [
        tables.RoomMember(
            room_id=room_id,
            user_id=user_id,
            name=f"{user_id} 🙂",
            email=None if user_id == "lia" else f"{user_id}@example.org",
            colour="#336699",
            role=role,
            joined_at=NOON + timedelta(microseconds=number // 2),
            last_seen=None if user_id == "lia" else NOON + timedelta(hours=number),
            active=user_id == "lea",
        )
        for number, (user_id, role) in enumerate(
            (("lea", "owner"), ("leo", "admin"), ("lou", "member"), ("lia", "viewer"))
        )
    ]
    people += [
        tables.Invitation(
            id=f"{room_id}-invitation-{number}",
            room_id=room_id,
            role="viewer",
            created_by="leo",
            created_at=NOON,
            expires_at=NOON + timedelta(days=7),
            revoked_at=revoked,
            uses=number,
        )
        for number, revoked in enumerate((None, NOON + timedelta(hours=2)))
    ]
    return people


def _history(room_id: str, epoch: int) -> list[tables.Table]:
    rows: list[tables.Table] = [_operation(room_id, epoch, version) for version in range(1, len(OPS) + 1)]
    rows += [
        tables.DocumentSnapshot(
            room_id=room_id,
            version=version,
            version_epoch=epoch - (version < 3),
            content=text_of(version),
            size_bytes=len(text_of(version).encode()),
            clients={"client-1": (version // 2, version - 1, "ada"), "client-0": (version // 2, version, "bob")},
            created_at=NOON + timedelta(minutes=version),
        )
        for version in (2, 4)
    ]
    rows += [
        tables.ConflictResolution(
            room_id=room_id,
            version=3,
            other_version=other,
            user_id="ada",
            other_user_id="bob",
            kind="insert-delete",
            strategy="left",
            created_at=NOON,
        )
        for other in (1, 2)
    ]
    return rows


def _operation(room_id: str, epoch: int, version: int) -> tables.Operation:
    op = OPS[version - 1]
    described = text.describe(op)
    return tables.Operation(
        room_id=room_id,
        version=version,
        op_type=described.type,
        position=described.position,
        content=described.content,
        op=op,
        user_id="ada" if version % 2 else "bob",
        client_id=f"client-{version % 2}",
        seq=(version + 1) // 2,
        epoch=epoch - (version < 3),
        at=NOON + timedelta(seconds=version, microseconds=version),
    )


def _chat(room_id: str) -> list[tables.Table]:
    says: list[dict[str, Any]] = [
        {
            "id": "z",
            "content": "first 🎉",
            "reactions": {"👍": ["bob", "eve"], "👩‍🚀": ["ada"], "b": ["cy"], "aa": ["cy"]},
        },
        {"id": "a", "content": "the same moment", "edited": True},
        {"id": "gone", "content": "", "deleted": True, "edited": True},
        {"id": "reply", "content": "yes\n\tno", "reply_to": "z"},
    ]
    return [
        tables.Message(
            room_id=room_id, user_id="eve", name="Eve", created_at=NOON + timedelta(microseconds=number // 2), **said
        )
        for number, said in enumerate(says)
    ]


def _audit(room_id: str) -> list[tables.Table]:
    """With what was done to a room of that id before, which is none of this one's."""
    changes: list[dict[str, Any]] = [
        {"action": "room_created", "actor_id": "mallory", "user_id": "mallory", "role": "owner", "private": False},
        {"action": "room_deleted", "actor_id": "mallory"},
        {"action": "room_created", "actor_id": "ada", "user_id": "ada", "role": "owner", "private": True},
        {"action": "role_changed", "actor_id": "ada", "user_id": "bob", "role": "admin", "previous_role": "viewer"},
        {"action": "invitation_created", "actor_id": "bob", "role": "viewer", "invitation_id": "i"},
    ]
    return [
        tables.AuditEvent(room_id=room_id, at=NOON + timedelta(microseconds=number), **change)
        for number, change in enumerate(changes)
    ]


def rows_of(sql: psycopg.Connection, room_id: str, *, server: bool = False) -> dict[str, list[tuple[Any, ...]]]:
    """All that is stored of the room; with `server` also what is the server's own."""
    found = {}
    for table, columns in TABLES.items():
        wanted = columns + "".join(f", {name}" for name in sorted(NOT_KEPT.get(table, ())) if server)
        key = "id" if table == "rooms" else "room_id"
        condition = _SINCE_MADE if table == "audit_events" else ""
        query = f"SELECT {wanted} FROM {table} WHERE {key} = %s{condition}"
        found[table] = sorted(sql.execute(query, (room_id,)).fetchall(), key=repr)
    return found
