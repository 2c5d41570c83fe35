"""Tokens and roles as units: what verifies, what does not, and who may do what."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from persistence.settings import Settings
from rayrooms.errors import ForbiddenError, UnauthenticatedError
from serve.auth import signing
from serve.auth import tokens as tokens_module
from serve.auth.roles import Permission, allowed, permission_over, require
from serve.auth.signing import ISSUER, LEEWAY_SECONDS, Signer
from serve.auth.tokens import AUDIENCE, Tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

SECRET = "s" * 32
TOKENS = Tokens(SECRET, ttl=60)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    made = {"sub": "u1", "name": "Ada", "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 60} | changes
    return {key: value for key, value in made.items() if value is not None}


def test_issued_token_verifies() -> None:
    """AUTH-1: what was issued comes back: user, name, address and expiry."""
    identity = TOKENS.verify(TOKENS.issue("u1", "Ada", ttl=120, email="ada@example.org"))
    assert (identity.user_id, identity.name, identity.email) == ("u1", "Ada", "ada@example.org")
    assert abs(identity.expires_at - (time.time() + 120)) < 5


def test_a_token_that_held_is_not_trusted_beyond_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """AUTH-13: what is remembered of it counts only while it lives."""
    tokens = Tokens(SECRET, ttl=60)
    token = jwt.encode(claims(exp=int(time.time()) - LEEWAY_SECONDS // 2), SECRET, algorithm="HS256")
    assert tokens.verify(token).user_id == "u1"
    monkeypatch.setattr(signing, "LEEWAY_SECONDS", 0)
    with pytest.raises(UnauthenticatedError):
        tokens.verify(token)


def test_few_tokens_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """AUTH-13: the last of those that held. All others are verified again."""
    monkeypatch.setattr(tokens_module, "_REMEMBERED", 2)
    tokens = Tokens(SECRET, ttl=60)
    first, second, third = (tokens.issue(user, "Ada") for user in ("u1", "u2", "u3"))
    for token in (first, second, third):
        tokens.verify(token)
    verified: list[str] = []

    def noted(token: str, require: Sequence[str]) -> dict[str, Any]:
        verified.append(token)
        return Signer.claims(tokens._signer, token, require)

    monkeypatch.setattr(tokens._signer, "claims", noted)
    assert [tokens.verify(token).user_id for token in (second, third, first)] == ["u2", "u3", "u1"]
    assert verified == [first]
    with pytest.raises(UnauthenticatedError):
        tokens.verify(third[:-4] + "AAAA")


def test_token_of_another_issuer_with_the_secret_verifies() -> None:
    """AUTH-1: an operator's own issuer needs the claims sub, iss, aud, iat and exp; the name defaults to the sub."""
    assert TOKENS.verify(jwt.encode(claims(name=None), SECRET, algorithm="HS256")).name == "u1"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": int(time.time()) - LEEWAY_SECONDS - 5}, id="expired"),
        {"exp": None},
        {"iat": None},
        {"aud": "elsewhere"},
        {"iss": "elsewhere"},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 65},
        {"sub": "a\0b"},
        {"name": 7},
        {"name": "x" * 101},
        {"name": "\ud800"},
        {"email": ["a@b"]},
    ],
    ids=repr,
)
def test_claims_that_do_not_hold(changes: dict[str, Any]) -> None:
    """AUTH-2: expired, incomplete, foreign or unstorable claims are refused as bad_token."""
    token = jwt.encode(claims(**changes), SECRET, algorithm="HS256")
    with pytest.raises(UnauthenticatedError) as refused:
        TOKENS.verify(token)
    assert refused.value.code == "bad_token"


def test_other_keys_and_algorithms() -> None:
    """AUTH-2: another key, another algorithm, or none at all is refused."""
    for token in (
        jwt.encode(claims(), "t" * 32, algorithm="HS256"),
        jwt.encode(claims(), SECRET * 2, algorithm="HS512"),
        jwt.encode(claims(), "", algorithm="none"),
        TOKENS.issue("u1", "Ada")[:-2],
        "\ud800",
        "",
    ):
        with pytest.raises(UnauthenticatedError):
            TOKENS.verify(token)


@pytest.mark.parametrize(("secret", "says"), [("", "is empty"), ("short", "too short")])
def test_weak_secret(secret: str, says: str) -> None:
    """AUTH-3: without a secret of at least 32 bytes no server starts signing."""
    with pytest.raises(ValueError, match=says):
        Tokens.from_settings(Settings(jwt_secret=secret))


def test_role_table() -> None:
    """AUTH-4: visitors read; viewers also chat; members also edit; admins also manage; owners may do all."""
    ladder = [None, "viewer", "member", "admin", "owner"]
    first_allowed = {
        Permission.READ: None,
        Permission.CHAT: "viewer",
        Permission.EDIT: "member",
        Permission.INSPECT: "admin",
        Permission.AUDIT: "admin",
        Permission.MANAGE_MEMBERS: "admin",
        Permission.MANAGE_ADMINS: "owner",
        Permission.DELETE: "owner",
    }
    assert set(first_allowed) == set(Permission)
    for permission, first in first_allowed.items():
        for rank, role in enumerate(ladder):
            assert allowed(role, permission) == (rank >= ladder.index(first)), (role, permission)  # type: ignore[arg-type]


def test_refusals_of_roles() -> None:
    """AUTH-4: a viewer's edit is refused as read_only, everything else as forbidden; only owners handle admins."""
    with pytest.raises(ForbiddenError) as refused:
        require("viewer", Permission.EDIT)
    assert refused.value.code == "read_only"
    with pytest.raises(ForbiddenError) as refused:
        require("admin", Permission.DELETE)
    assert refused.value.code == "forbidden"
    assert permission_over("admin") is Permission.MANAGE_ADMINS
    assert permission_over("viewer") is Permission.MANAGE_MEMBERS
