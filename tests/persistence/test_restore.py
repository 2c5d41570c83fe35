"""Restores: refused when a file is damaged, and above every owner that the room ever had."""
# ruff: noqa: ASYNC240 - the files are small

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence.backup import examine, restore
from persistence.feed import Op, Snapshot
from persistence.repositories import AuditRepository, RoomRepository
from rayrooms.errors import ConflictError, InvalidError, UnavailableError

from .backups import delete, lines_of, why_refused, write
from .lived_in import rows_of
from .senders import Sender, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psycopg

    from persistence.database import Database


class TestRestore:
    async def test_a_room_that_exists_is_left_alone(
        self, database: Database, lived_in: str, backup: Path, sql: psycopg.Connection
    ) -> None:
        """OPS-4: unless it is to be replaced."""
        before = rows_of(sql, lived_in, server=True)
        with pytest.raises(ConflictError, match="already exists"):
            await restore(database, backup)
        assert rows_of(sql, lived_in, server=True) == before

    async def test_a_copy(self, database: Database, lived_in: str, backup: Path, sql: psycopg.Connection) -> None:
        """OPS-4: under another id, beside the first, without its invitations."""
        before = rows_of(sql, lived_in, server=True)
        copy = f"{lived_in}-2"
        assert (await restore(database, backup, room_id=copy)).room_id == copy
        with pytest.raises(ConflictError):
            await restore(database, backup, room_id=copy)
        there = rows_of(sql, copy)
        assert there.pop("invitations") == []
        [room] = there.pop("rooms")
        assert room[1:] == rows_of(sql, lived_in)["rooms"][0][1:]
        assert all(there[table] == rows_of(sql, lived_in)[table] for table in there)
        assert rows_of(sql, lived_in, server=True) == before

    async def test_what_came_since_is_replaced(
        self, database: Database, lived_in: str, backup: Path, sql: psycopg.Connection
    ) -> None:
        """OPS-4: with `replace` nothing of the former room is left but that it was, in the audit log."""
        before = rows_of(sql, lived_in)
        sql.execute("UPDATE rooms SET name = 'Other', private = false WHERE id = %s", (lived_in,))
        sql.execute("INSERT INTO room_members (room_id, user_id, name) VALUES (%s, 'new', 'New')", (lived_in,))
        sql.execute("UPDATE messages SET content = 'changed' WHERE room_id = %s", (lived_in,))
        sql.execute("DELETE FROM operations WHERE room_id = %s AND version > 3", (lived_in,))
        assert (await restore(database, backup, replace=True)).replaced
        assert rows_of(sql, lived_in) == before
        async with database.session() as session:
            shown = await AuditRepository(session).page(lived_in, limit=10)
        assert shown[0].action == "room_restored"
        assert shown[0].actor_id == "rayrooms-operator"
        assert [event.action for event in shown[1:]] == ["invitation_created", "role_changed", "room_created"]
        [(actor,)] = sql.execute(
            "SELECT actor_id FROM audit_events WHERE room_id = %s AND action = 'room_deleted' ORDER BY id DESC LIMIT 1",
            (lived_in,),
        ).fetchall()
        assert actor == "rayrooms-operator"

    async def test_its_epoch_is_above_all(
        self, database: Database, lived_in: str, backup: Path, sql: psycopg.Connection
    ) -> None:
        """OPS-5: above that of the room it replaces, above one that was deleted, and again and again."""
        epochs = [1_000]
        sql.execute("UPDATE rooms SET owner_epoch = 1000 WHERE id = %s", (lived_in,))
        epochs.append((await restore(database, backup, replace=True)).epoch)
        await delete(database, lived_in)
        epochs.append((await restore(database, backup)).epoch)
        sql.execute("UPDATE rooms SET owner_epoch = 9000000000000 WHERE id = %s", (lived_in,))
        epochs += [9_000_000_000_000, (await restore(database, backup, replace=True)).epoch]
        assert epochs == sorted(set(epochs))
        query = "SELECT DISTINCT epoch FROM operations WHERE room_id = %(room)s UNION SELECT version_epoch FROM"
        query += " document_snapshots WHERE room_id = %(room)s UNION SELECT owner_epoch FROM rooms WHERE id = %(room)s"
        assert sql.execute(query, {"room": lived_in}).fetchall() == [(epochs[-1],)]
        async with database.session() as session:
            assert await RoomRepository(session).claim(lived_in) == epochs[-1] + 1
        assert epochs[-1] < 2**53

    @pytest.mark.parametrize("deleted_before", [False, True])
    async def test_a_stale_owner_is_fenced(
        self,
        database: Database,
        lived_in: str,
        backup: Path,
        url: str,
        feed_socket: Path,
        sql: psycopg.Connection,
        *,
        deleted_before: bool,
    ) -> None:
        """OPS-5, G5: whoever owned the room writes nothing into the restored one, by whatever way it was restored."""
        async with serving(url, feed_socket):
            sender = Sender(feed_socket, lived_in, epoch=7)
            sender.feed.write([Op(1, 6, b'["before"]', "ada", "owner", 1, 100.0)])
            await sender.until_durable(1)
            if deleted_before:
                await delete(database, lived_in)
            await restore(database, backup, replace=not deleted_before)
            before = rows_of(sql, lived_in, server=True)
            sender.feed.write([Op(2, 7, b'["after"]', "ada", "owner", 2, 101.0)])
            sender.feed.write([Snapshot(3, 7, 7, "after", {}, 101.0)])
            assert await sender.until_fenced() != 7
            assert rows_of(sql, lived_in, server=True) == before
            await sender.close()

    async def test_all_or_nothing(
        self, database: Database, lived_in: str, backup: Path, sql: psycopg.Connection
    ) -> None:
        """OPS-3: what the database does not take is refused as well, and the room stands as it stood."""
        lines = lines_of(backup)
        member = next(line for line in lines if line["kind"] == "member")
        lines.insert(lines.index(member), dict(member))
        write(backup, lines)
        before = rows_of(sql, lived_in, server=True)
        with pytest.raises(InvalidError, match="the database does not take it"):
            await restore(database, backup, replace=True)
        assert rows_of(sql, lived_in, server=True) == before


class TestDamage:
    @given(data=st.data())
    @settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    async def test_cut_short_or_changed(self, backup: Path, data: st.DataObject) -> None:
        """OPS-3: a file that ends early, or in which any byte is another, is refused, or still says the same."""
        whole = backup.read_bytes()
        at = data.draw(st.integers(0, len(whole) - 1))
        damaged = backup.with_name("damaged")
        if data.draw(st.booleans()):
            damaged.write_bytes(whole[:at])
        else:
            other = whole[at] ^ data.draw(st.integers(1, 255))
            damaged.write_bytes(whole[:at] + bytes([other]) + whole[at + 1 :])
        refusal = why_refused(damaged)
        if refusal is None:
            assert lines_of(damaged) == lines_of(backup)  # the header of gzip has bytes that mean nothing
        else:
            assert str(damaged) in refusal
            assert "\n" not in refusal

    @given(data=st.data())
    @settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    async def test_lines_changed(self, backup: Path, data: st.DataObject) -> None:
        """OPS-3: a line that is missing, doubled, moved or has another byte is seen, however well it is packed."""
        lines = gzip.decompress(backup.read_bytes()).splitlines(keepends=True)
        at, to = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        changed = list(lines)
        match data.draw(st.sampled_from(["drop", "double", "move", "byte"])):
            case "drop":
                del changed[at]
            case "double":
                changed.insert(to, lines[at])
            case "move":
                changed.insert(to, changed.pop(at))
            case "byte":
                place = data.draw(st.integers(0, len(lines[at]) - 1))
                other = bytes([lines[at][place] ^ data.draw(st.integers(1, 255))])
                changed[at] = lines[at][:place] + other + lines[at][place + 1 :]
        damaged = backup.with_name("damaged")
        damaged.write_bytes(gzip.compress(b"".join(changed)))
        if changed == lines:
            examine(damaged)
            return
        with pytest.raises(InvalidError):
            examine(damaged)

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            (lambda lines: lines[0].update(version=2), "newer version"),
            (lambda lines: lines[0].update(format="other"), "no backup of a room"),
            (lambda lines: lines.remove(_operation(lines, 3)), "version 3 is missing"),
            (lambda lines: _operation(lines, 2).update(version=3), "version 2 is missing"),
            (lambda lines: _operation(lines, 2).update(op=[1000, "x"]), "operation 2 does not fit"),
            (lambda lines: _operation(lines, 2).update(op=[{"d": 1}]), "does not carry its text"),
            (lambda lines: _operation(lines, 2).update(op=["a", "b"]), "operation 2 does not fit"),
            (lambda lines: _of(lines, "snapshot").update(content="other"), "not what its log says"),
            (lambda lines: _of(lines, "snapshot").update(version=9), "end before the snapshot"),
            (lambda lines: lines.insert(2, _of(lines, "message")), "comes too late"),
            (lambda lines: lines.insert(2, lines[1]), "the room itself must come first"),
            (lambda lines: lines.remove(lines[1]), "the room itself must come first"),
            (lambda lines: lines[1].update(surprise=1), "cannot be read"),
            (lambda lines: _of(lines, "member").pop("role"), "cannot be read"),
            (lambda lines: _of(lines, "member").update(joined_at="2026-01-01T00:00:00"), "cannot be read"),
        ],
    )
    async def test_what_makes_no_room(
        self,
        database: Database,
        lived_in: str,
        backup: Path,
        sql: psycopg.Connection,
        change: Callable[[list[dict[str, Any]]], object],
        why: str,
    ) -> None:
        """OPS-3: a file that is whole but makes no room is refused with the reason, and changes nothing."""
        lines = lines_of(backup)
        change(lines)
        write(backup, lines)
        before = rows_of(sql, lived_in, server=True)
        with pytest.raises(InvalidError, match=why):
            await restore(database, backup, replace=True)
        assert rows_of(sql, lived_in, server=True) == before

    async def test_what_is_no_file_of_ours(self, backup: Path) -> None:
        """OPS-3: something else, something after the end, and nothing at all."""
        other = backup.with_name("other")
        for content in (b"", b"hello", gzip.compress(b""), gzip.compress(b"hello\n"), gzip.compress(b"[" * 100_000)):
            other.write_bytes(content)
            with pytest.raises(InvalidError):
                examine(other)
        other.write_bytes(backup.read_bytes() + gzip.compress(b"more\n"))
        with pytest.raises(InvalidError, match="something follows"):
            examine(other)
        other.unlink()
        with pytest.raises(UnavailableError, match="No such file"):
            examine(other)
        with pytest.raises(UnavailableError, match="Is a directory"):
            examine(other.parent)


def _of(lines: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(line for line in lines if line["kind"] == kind)


def _operation(lines: list[dict[str, Any]], version: int) -> dict[str, Any]:
    return next(line for line in lines if line["kind"] == "operation" and line["version"] == version)
