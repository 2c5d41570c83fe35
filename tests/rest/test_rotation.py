"""Secrets that change while tokens under the last one are about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import jwt
import pytest

from persistence.settings import Settings
from rayrooms.errors import UnauthenticatedError
from serve.auth.signing import key_id
from serve.auth.tokens import Tokens

from .test_invitations import invite
from .test_server_parts import client_of
from .test_vouching import vouched

if TYPE_CHECKING:
    from serve.context import AppContext

    from .conftest import Guest

OLD, NEW, OTHER = "o" * 32, "n" * 32, "x" * 32


def holds(tokens: Tokens, token: str) -> bool:
    try:
        tokens.verify(token)
    except UnauthenticatedError:
        return False
    return True


def test_the_last_secrets_tokens_hold() -> None:
    """AUTH-10: what a previous secret signed holds; new tokens are under the new one, and name it."""
    before, rotated, after = Tokens(OLD, ttl=60), Tokens(NEW, ttl=60, previous=[OTHER, OLD]), Tokens(NEW, ttl=60)
    old, new = before.issue("u1", "Ada"), rotated.issue("u1", "Ada")
    assert [holds(tokens, old) for tokens in (before, rotated, after)] == [True, True, False]
    assert [holds(tokens, new) for tokens in (before, rotated, after)] == [False, True, True]
    assert jwt.get_unverified_header(new)["kid"] == key_id(NEW)
    assert NEW not in new


def test_a_key_id_chooses_and_proves_nothing() -> None:
    """AUTH-10: a token without one is tried under each secret, one that names a secret is held against that alone."""
    rotated = Tokens(NEW, ttl=60, previous=[OLD])
    claims = jwt.decode(rotated.issue("u1", "Ada"), options={"verify_signature": False})
    for secret, headers, good in (
        (OLD, {}, True),
        (NEW, {}, True),
        (OLD, {"kid": "of another system"}, True),
        (OLD, {"kid": key_id(NEW)}, False),
        (OTHER, {"kid": key_id(NEW)}, False),
        (OTHER, {}, False),
    ):
        assert holds(rotated, jwt.encode(claims, secret, "HS256", headers=headers)) is good, (secret, headers)


def test_secrets_of_jupyter_servers_change_too() -> None:
    """AUTH-10, AUTH-9: likewise, and neither kind's previous secrets stand for the other."""
    tokens = Tokens(NEW, ttl=60, previous=[OLD], jupyter_secret="k" * 32, jupyter_previous=["j" * 32])
    assert holds(tokens, vouched(secret="j" * 32))
    assert holds(tokens, vouched(secret="k" * 32))
    assert not holds(tokens, vouched(secret=OLD))
    for own, theirs in (([OTHER], []), ([], [NEW]), ([OTHER], [OTHER])):
        with pytest.raises(ValueError, match="RAYROOMS_JUPYTER_SECRET is RAYROOMS_JWT_SECRET"):
            Tokens(NEW, ttl=60, previous=own, jupyter_secret=OTHER, jupyter_previous=theirs)


def test_weak_secrets_of_before() -> None:
    """AUTH-3, AUTH-10."""
    with pytest.raises(ValueError, match="too short"):
        Tokens.from_settings(Settings(jwt_secret=NEW, jwt_previous_secrets=["short"]))


def test_settings_do_not_show_their_secrets() -> None:
    """LOG-1: whoever prints the settings prints no secret and no password."""
    settings = Settings(
        jwt_secret=NEW,
        jwt_previous_secrets=[OLD],
        jupyter_secret=OTHER,
        jupyter_previous_secrets=["j" * 32],
        database_url="postgresql://u:password@host/db",
    )
    for secret in (NEW, OLD, OTHER, "j" * 32, "password"):
        assert secret not in f"{settings!r} {settings}"


async def test_the_secret_changes_under_everybody(context: AppContext, ada: Guest) -> None:
    """AUTH-10: who is signed in stays so and gets a token under the new secret; links that were sent still open."""
    room_id = await ada.make_room(private=True)
    link = await invite(ada, room_id)
    rotated = context.settings.model_copy(
        update={"jwt_secret": NEW, "jwt_previous_secrets": [context.settings.jwt_secret]}
    )
    finished = context.settings.model_copy(update={"jwt_secret": NEW})
    async with client_of(replace(context, settings=rotated, tokens=Tokens.from_settings(rotated))) as client:
        renewed = await client.post("/api/auth/renew", headers={"Authorization": f"Bearer {ada.token}"})
        preview = await client.post("/api/invitations/preview", json={"token": link["token"]})
    assert (renewed.status_code, preview.status_code) == (200, 200)
    async with client_of(replace(context, settings=finished, tokens=Tokens.from_settings(finished))) as client:
        for token, status in ((ada.token, 401), (renewed.json()["token"], 200)):
            answer = await client.get("/api/rooms", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == status
        preview = await client.post("/api/invitations/preview", json={"token": link["token"]})
    assert preview.status_code == 404
