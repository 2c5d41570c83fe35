"""Commands as an operator types them, beside a server that does not run: what they say and how they end."""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg

from persistence.embedded import EmbeddedPostgres
from serve.auth.tokens import Tokens
from tests.architecture.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Done


def test_backup_and_restore(rayrooms: Callable[..., Done], data_dir: Path, tmp_path: Path) -> None:
    """OPS-10, OPS-1: from an import to a restored copy, the server being stopped; a refusal is 1 and one line."""
    text = tmp_path / "text.md"
    text.write_bytes("# Grüße 👋\r\n".encode() * 3)
    with_ada(data_dir)

    def fails(*arguments: str | Path, because: str) -> None:
        done = rayrooms(*arguments)
        assert (done.code, done.out) == (1, ""), done
        assert done.err.startswith("rayrooms: ")
        assert because in done.err
        assert done.err.count("\n") == 1

    imported = rayrooms("import", text, "--name", "Notes", "--owner", "ada", "--id", "notes", "--private")
    assert (imported.code, imported.out) == (0, "notes: 'Notes' at version 1\n"), imported.err
    fails("import", text, "--name", "Notes", "--owner", "ada", "--id", "notes", because="already exists")
    fails("import", text, "--name", "Notes", "--owner", "nobody", because="no user nobody")
    fails("import", text, "--name", "Notes", "--owner", "ada", "--id", "a b", because="--id")
    fails("import", tmp_path / "none", "--name", "Notes", "--owner", "ada", because="No such file")

    saved = rayrooms("backup", "notes", "--to", tmp_path / "saved", "--json")
    assert saved.code == 0, saved.err
    line = json.loads(saved.out)
    assert (line["room_id"], line["version"], line["counts"]["members"]) == ("notes", 1, 1)
    file = tmp_path / "saved" / "notes.jsonl.gz"
    assert line["file"] == str(file)
    fails("backup", "no-such-room", "--to", tmp_path / "saved", because="no room no-such-room")
    fails("backup", "--to", tmp_path / "saved", because="--all")
    fails("restore", file, because="already exists")
    fails("restore", text, because="damaged")

    assert rayrooms("restore", file, "--replace").out == "notes: replaced at version 1\n"
    assert rayrooms("restore", file, "--as", "copy").out == "copy: restored at version 1\n"
    every = rayrooms("backup", "--all", "--to", tmp_path / "every")
    assert every.code == 0, every.err
    assert {path.name for path in (tmp_path / "every").iterdir()} >= {"notes.jsonl.gz", "copy.jsonl.gz"}
    assert (tmp_path / "every" / "notes.jsonl.gz").read_bytes() == file.read_bytes()

    assert rayrooms("export", "copy").out == text.read_bytes().decode()
    assert rayrooms("export", "copy", "--version", "0").out == ""
    operation = json.loads(rayrooms("export", "copy", "--history").out)
    assert (operation["version"], operation["op"]) == (1, [text.read_bytes().decode()])
    fails("export", "copy", "--version", "2", because="is at version 1")
    fails("export", "no-such-room", because="no room")


def test_a_reader_that_has_seen_enough(rayrooms: Callable[..., Done], data_dir: Path, tmp_path: Path) -> None:
    """OPS-10: `scripts/rayrooms export ROOM --history | head` says nothing of it."""
    text = tmp_path / "long"
    text.write_text("long " * 40_000)
    with_ada(data_dir)
    assert rayrooms("import", text, "--name", "Long", "--owner", "ada", "--id", "long").code == 0
    with subprocess.Popen(
        [ROOT / "scripts" / "rayrooms", "export", "long", "--history", "--data-dir", data_dir],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as export:
        assert export.stdout is not None
        assert export.stderr is not None
        export.stdout.close()
        assert export.stderr.read() == b""
        assert export.wait(60) == 0


def with_ada(data_dir: Path) -> None:
    """Somebody who may own a room."""
    postgres = EmbeddedPostgres(data_dir)
    with psycopg.connect(postgres.start()) as connection:
        connection.execute("INSERT INTO users (id, name) VALUES ('ada', 'Ada') ON CONFLICT DO NOTHING")
    postgres.stop()


def test_mistakes(rayrooms: Callable[..., Done], tmp_path: Path) -> None:
    """OPS-10: a wrong command line ends with 2; no data, no secret and no server with 1; never with a traceback."""
    for arguments, data, code, because in (
        ((), None, 2, "COMMAND"),
        (("explode",), None, 2, "invalid choice"),
        (("backup", "x"), None, 2, "--to"),
        (("status", "--port", "many"), None, 2, "RAYROOMS_PORT"),
        (("admin-link", "--minutes", "61"), None, 2, "from 1 to 60"),
        (("admin-link", "--minutes", "soon"), None, 2, "from 1 to 60"),
        (("backup", "--all", "--to", "x"), tmp_path / "none", 1, "no database in"),
        (("status",), tmp_path / "none", 1, "secret is not in"),
        (("restore", "x", "y", "--as", "z"), tmp_path, 1, "one file"),
    ):
        done = rayrooms(*arguments, data=data)
        assert done.code == code, done
        assert because in done.err
        assert "Traceback" not in done.err
    for command in (("status",), ("rooms",), ("tail", "x")):
        done = rayrooms(*command, "--url", "http://127.0.0.1:1", RAYROOMS_JWT_SECRET="s" * 32)
        assert done.code == 1, done
        assert "cannot be reached" in done.err or "answer" in done.err
        assert "Traceback" not in done.err
    done = rayrooms("status", RAYROOMS_JWT_SECRET="short")
    assert "too short" in done.err
    assert rayrooms("--help", data=None).code == 0


def test_a_link_to_the_admin_page(rayrooms: Callable[..., Done]) -> None:
    """OPS-17: its token stands in the fragment, sees the server for minutes, and stands for nobody in rooms."""
    secret = "s" * 32
    done = rayrooms("admin-link", "--url", "https://rooms.example/", "--minutes", "5", RAYROOMS_JWT_SECRET=secret)
    assert (done.code, done.err) == (0, "")
    address = urlsplit(done.out.strip())
    assert (address.scheme, address.netloc, address.path, address.query) == ("https", "rooms.example", "/admin", "")
    identity = Tokens(secret, ttl=1).verify(address.fragment)
    assert (identity.sees_server, identity.admin, identity.guest) == (True, False, False)
    assert 240 < identity.expires_at - time.time() <= 300
    link = json.loads(rayrooms("admin-link", "--json", "--port", "8001", RAYROOMS_JWT_SECRET=secret).out)
    assert link["url"].startswith("http://127.0.0.1:8001/admin#")
    assert link["minutes"] == 15


def test_the_script() -> None:
    """OPS-10: it runs from anywhere and lists its commands."""
    done = subprocess.run(
        [ROOT / "scripts" / "rayrooms", "--help"], cwd="/", capture_output=True, text=True, timeout=60, check=True
    )
    for command in ("backup", "restore", "export", "import", "status", "rooms", "admin-link", "tail"):
        assert re.search(rf"^    {command}\s", done.stdout, re.MULTILINE)
