"""Users for whom a Jupyter server vouches: whom its tokens name, what they may not say, and what they lead to."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.settings import Settings
from rayrooms import vouching
from rayrooms.errors import UnauthenticatedError
from rayrooms.text import check_text
from rayrooms.vouching import jupyter_user_id, vouched_claims
from serve.auth.tokens import AUDIENCE, MAX_USER_ID, Tokens

from .test_server_parts import client_of

if TYPE_CHECKING:
    from serve.context import AppContext

SECRET = "s" * 32
JUPYTER = "j" * 32
TOKENS = Tokens(SECRET, ttl=60, jupyter_secret=JUPYTER)
DIGEST = "0123456789abcdef" * 2
"""A username that looks like a digest."""


@dataclass(frozen=True)
class FromNow:
    """A time in seconds from when the token is made; parameters are made long before their tests run."""

    seconds: int


def vouched(username: str = "ada", secret: str = JUPYTER, **changes: Any) -> str:
    now = time.time()
    claims: dict[str, Any] = {**vouched_claims(username, "Ada L.", issued_at=now), **changes}
    claims = {key: int(now) + value.seconds if isinstance(value, FromNow) else value for key, value in claims.items()}
    return jwt.encode({key: value for key, value in claims.items() if value is not None}, secret, "HS256")


def refused(tokens: Tokens, token: str) -> bool:
    with pytest.raises(UnauthenticatedError) as refusal:
        tokens.verify(token)
    return refusal.value.code == "bad_token"


class TestUserIds:
    """AUTH-8."""

    @pytest.mark.parametrize("username", ["ada", "Ada.Lovelace", "a~b_c-d", "7", "x" * 56, DIGEST.upper(), DIGEST[1:]])
    def test_plain_usernames_stand_in_the_id(self, username: str) -> None:
        """AUTH-8."""
        assert jupyter_user_id(username) == f"jupyter-{username}"

    @pytest.mark.parametrize(
        "username",
        [
            "x" * 57,
            "x" * 10_000,
            "ada@example.org",
            "Ada L",
            "ada\n",
            "ädä",
            "a/b",
            "a\0b",
            "\ud800",
            "😀",
            " ",
            DIGEST,
        ],
    )
    def test_others_stand_there_as_a_digest(self, username: str) -> None:
        """AUTH-8: so no id is longer than others are, and each can be stored and stand in a URL."""
        digest = jupyter_user_id(username).removeprefix("jupyter-")
        assert len(digest) == 32
        assert set(digest) <= set("0123456789abcdef")
        assert digest != username

    def test_the_digest_is_sha_256(self) -> None:
        """AUTH-8: both sides, in whatever language, come to the same id."""
        assert jupyter_user_id("ada@example.org") == "jupyter-cfe00dde46ef942601ffafb9e2825e80"

    def test_nobody_is_nobody(self) -> None:
        """AUTH-8."""
        with pytest.raises(ValueError, match="nobody"):
            jupyter_user_id("")

    @given(st.text(st.characters(), min_size=1, max_size=80), st.text(st.characters(), min_size=1, max_size=80))
    def test_ids_tell_users_apart(self, one: str, other: str) -> None:
        """AUTH-8: also somebody who calls themselves what another's id ends with stays themselves."""
        names = {one, other, jupyter_user_id(one).removeprefix("jupyter-")}
        ids = {name: jupyter_user_id(name) for name in names}
        assert len(set(ids.values())) == len(names)
        assert all(len(user_id) <= MAX_USER_ID for user_id in ids.values())


class TestClaims:
    """AUTH-7."""

    def test_a_vouched_user(self) -> None:
        """AUTH-7: the name is the claim's, and the user is no guest."""
        identity = TOKENS.verify(vouched())
        assert (identity.user_id, identity.name, identity.email) == ("jupyter-ada", "Ada L.", None)
        assert identity.verified
        assert abs(identity.expires_at - (time.time() + vouching.LIFETIME_SECONDS)) < 5

    def test_a_name_is_as_the_server_takes_it(self) -> None:
        """AUTH-7: what cannot be stored is left out, what is too long is cut, and without a name it is the username."""
        names = {"  Ada\0 \ud800L. ": "Ada L.", "x" * 200: "x" * 100, " \0": "ada"}
        for display_name, name in names.items():
            claims = vouched_claims("ada", display_name, issued_at=time.time())
            assert TOKENS.verify(jwt.encode({**claims}, JUPYTER, "HS256")).name == name
        assert TOKENS.verify(vouched(name=None)).name == "jupyter-ada"

    @given(st.text(st.characters(), max_size=120))
    def test_any_name_can_be_stored(self, display_name: str) -> None:
        """AUTH-7."""
        name = vouched_claims("ada", display_name, issued_at=0.0)["name"]
        check_text(name)
        assert 0 < len(name) <= vouching.MAX_NAME

    @pytest.mark.parametrize("username", ["guest-0123", "../admin", "jupyter-ada", "staff-1", "Ada L"])
    def test_it_names_users_of_jupyter_only(self, username: str) -> None:
        """AUTH-7: whatever a token claims, it leads to an id that no other kind of token leads to."""
        identity = TOKENS.verify(vouched(username, guest=True, user_id="staff-1", email="root@example.org"))
        assert identity.user_id == jupyter_user_id(username) != username
        assert (identity.guest, identity.email) == (False, None)

    @pytest.mark.parametrize(
        "changes",
        [
            {"exp": FromNow(-60)},
            {"iat": FromNow(3600), "exp": FromNow(4000)},
            {"exp": FromNow(vouching.MAX_LIFETIME_SECONDS + 60)},
            {"iat": FromNow(-3600), "exp": FromNow(600)},
            {"exp": "soon"},
            {"exp": [1]},
            {"exp": float("inf")},
            {"iat": float("-inf")},
            {"iat": float("nan")},
            {"exp": None},
            {"iat": None},
            {"sub": None},
            {"sub": ""},
            {"sub": 7},
            {"iss": "rayrooms"},
            {"iss": None},
            {"aud": "rayrooms-invitation"},
            {"aud": None},
            {"name": "x" * 101},
            {"name": "a\0b"},
            {"name": ["Ada"]},
        ],
        ids=repr,
    )
    def test_claims_that_do_not_hold(self, changes: dict[str, Any]) -> None:
        """AUTH-7, AUTH-2: what is expired, holds for more than an hour, is incomplete or foreign is refused."""
        assert refused(TOKENS, vouched(**changes))

    def test_an_hour_is_the_most(self) -> None:
        """AUTH-7."""
        now = int(time.time())
        TOKENS.verify(vouched(iat=now, exp=now + vouching.MAX_LIFETIME_SECONDS))


class TestKindsOfTokens:
    """AUTH-9: no kind of token passes for another."""

    def test_each_secret_has_its_issuer(self) -> None:
        """AUTH-9: neither secret signs what the other one does, and none signs for both."""
        assert refused(TOKENS, vouched(secret=SECRET))
        ours = {"sub": "jupyter-ada", "iss": "rayrooms", "aud": AUDIENCE, "iat": time.time(), "exp": time.time() + 60}
        assert refused(TOKENS, jwt.encode(ours, JUPYTER, "HS256"))
        assert refused(TOKENS, vouched(secret="k" * 32))
        assert refused(TOKENS, jwt.encode({**vouched_claims("a", "A", issued_at=time.time())}, "", "none"))

    def test_the_servers_own_secret_names_anybody(self) -> None:
        """AUTH-1, AUTH-9: an operator's own issuer may stand for a user of Jupyter too."""
        identity = TOKENS.verify(TOKENS.issue("jupyter-ada", "Ada"))
        assert (identity.user_id, identity.verified) == ("jupyter-ada", True)

    def test_without_the_secret_nobody_vouches(self) -> None:
        """AUTH-9."""
        assert refused(Tokens(SECRET, ttl=60), vouched())

    @pytest.mark.parametrize(
        ("secret", "says"), [("short", "RAYROOMS_JUPYTER_SECRET is too short"), (SECRET, "is RAYROOMS_JWT_SECRET")]
    )
    def test_weak_secrets(self, secret: str, says: str) -> None:
        """AUTH-3, AUTH-9: the secret is long enough, and none that signs for everybody, or no server starts."""
        with pytest.raises(ValueError, match=says):
            Tokens.from_settings(Settings(jwt_secret=SECRET, jupyter_secret=secret))

    def test_guests_are_not_verified(self) -> None:
        """AUTH-9."""
        assert not TOKENS.verify(TOKENS.issue("guest-1", "Ada", guest=True)).verified


def jupyter_context(context: AppContext) -> AppContext:
    settings = context.settings.model_copy(update={"jupyter_secret": JUPYTER})
    return replace(context, settings=settings, tokens=Tokens.from_settings(settings))


async def test_a_vouched_user_over_rest(context: AppContext) -> None:
    """AUTH-7, REST-30: they have a profile from their first request on, own what they make, and are not renewed."""
    bearer = {"Authorization": f"Bearer {vouched('Ada L')}"}
    user_id = jupyter_user_id("Ada L")
    async with client_of(jupyter_context(context)) as client:
        profile = (await client.get(f"/api/users/{user_id}/profile", headers=bearer)).json()
        assert (profile["user_id"], profile["name"]) == (user_id, "Ada L.")
        made = await client.post("/api/rooms", json={"name": "Lab"}, headers=bearer)
        assert made.json()["owner_id"] == user_id
        renewed = await client.post("/api/auth/renew", headers=bearer)
        assert (renewed.status_code, renewed.json()["code"]) == (403, "forbidden")
    async with client_of(context) as client:
        unknown = await client.get("/api/rooms", headers=bearer)
        assert (unknown.status_code, unknown.json()["code"]) == (401, "bad_token")


async def test_nobody_takes_a_users_place(context: AppContext) -> None:
    """AUTH-9: neither by a guest's name nor over the profile routes does anyone come by an id of Jupyter's users."""
    async with client_of(jupyter_context(context)) as client:
        guest = (await client.post("/api/auth/guest", json={"name": "jupyter-ada"})).json()
        assert guest["user_id"].startswith("guest-")
        bearer = {"Authorization": f"Bearer {guest['token']}"}
        for answer in (
            await client.put("/api/users/jupyter-ada/profile", json={"name": "Mine"}, headers=bearer),
            await client.put("/api/users/jupyter-ada/status", json={"status": "away"}, headers=bearer),
            await client.get("/api/users/jupyter-ada/rooms", headers=bearer),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        renamed = await client.put(
            f"/api/users/{guest['user_id']}/profile", json={"user_id": "jupyter-ada"}, headers=bearer
        )
        assert (renamed.status_code, renamed.json()["code"]) == (422, "malformed")
