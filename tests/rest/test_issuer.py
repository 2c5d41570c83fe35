"""Tokens of an operator's own issuer, by the keys of its JWKS document."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from persistence.settings import Settings
from rayrooms.errors import UnauthenticatedError, UnavailableError
from serve.auth.issuer import Issuer
from serve.auth.issuer_keys import KEPT_FOR, REFRESH_AFTER, RETRY_AFTER, IssuerKeys, document_at
from serve.auth.tokens import Tokens

from .test_server_parts import client_of

if TYPE_CHECKING:
    from serve.context import AppContext

SECRET = "s" * 32
RSA = generate_private_key(65537, 2048)
WEAK = generate_private_key(65537, 1024)
ED = Ed25519PrivateKey.generate()
NEXT = Ed25519PrivateKey.generate()
NAME = "https://login.example"


def public(key: RSAPrivateKey | Ed25519PrivateKey, kid: str | None, **more: str) -> dict[str, Any]:
    algorithm = RSAAlgorithm if isinstance(key, RSAPrivateKey) else OKPAlgorithm
    named = {} if kid is None else {"kid": kid}
    return json.loads(algorithm.to_jwk(key.public_key())) | named | more  # type: ignore[arg-type, no-any-return]


class Office:
    """An issuer: its document, what time it is, and how often it was asked."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.now = 1000.0
        self.failure: Exception | None = None
        held = IssuerKeys(self._document, lambda: self.now)
        self.tokens = Tokens(SECRET, ttl=60, issuer=Issuer(held, issuer=NAME, audience="rooms"))

    async def _document(self) -> bytes:
        self.asked += 1
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        return json.dumps({"keys": self.keys}).encode()

    async def takes(self, token: str) -> bool:
        try:
            await self.tokens.identify(token)
        except UnauthenticatedError:
            return False
        return True


def signed(key: Any = ED, kid: str | None = "ed", algorithm: str = "EdDSA", **changes: Any) -> str:
    now = int(time.time())
    claims = {"sub": "staff-7", "name": "Ada", "iss": NAME, "aud": "rooms", "iat": now, "exp": now + 60} | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm, headers={} if kid is None else {"kid": kid})


@pytest.fixture
def office() -> Office:
    return Office(public(RSA, "rsa"), public(ED, "ed"))


async def test_both_kinds_of_keys(office: Office) -> None:
    """AUTH-11: RS256 and EdDSA; the document is read once for all."""
    for token in (signed(), signed(RSA, "rsa", "RS256")):
        identity = await office.tokens.identify(token)
        assert (identity.user_id, identity.name, identity.verified) == ("staff-7", "Ada", True)
    assert await asyncio.gather(*(office.takes(signed()) for _ in range(5))) == [True] * 5
    assert office.asked == 1


async def test_own_tokens_hold_beside_them(office: Office) -> None:
    """AUTH-11: what this server signs itself needs no document."""
    assert await office.takes(office.tokens.issue("u1", "Bob"))
    assert office.asked == 0


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": int(time.time()) - 3600}, id="expired"),
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 65},
        {"iss": "https://elsewhere.example"},
        {"iss": "rayrooms"},
        {"aud": "rayrooms"},
        {"aud": None},
        {"sub": "guest-1"},
        {"sub": "jupyter-ada"},
    ],
    ids=repr,
)
async def test_claims_that_do_not_hold(office: Office, changes: dict[str, Any]) -> None:
    """AUTH-11, AUTH-9: of another issuer, for another audience, over, or naming a guest or a user of Jupyter."""
    assert not await office.takes(signed(**changes))


async def test_no_key_passes_for_another(office: Office) -> None:
    """AUTH-11: a public key is no secret, an id is no key, and the secret is no issuer's."""
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    raw = ED.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    now = int(time.time())
    ours = {"sub": "u1", "iss": "rayrooms", "aud": "rayrooms", "iat": now, "exp": now + 60}
    for token in (
        signed(NEXT, "ed"),
        signed(RSA, "ed", "RS256"),
        signed(RSA, "rsa", "PS256"),
        signed(SECRET, "ed", "HS256"),
        signed("", "ed", "none"),
        signed(kid=None),
        signed(raw.hex(), "ed", "HS256"),
        jwt.encode(ours, ED, "EdDSA", headers={"kid": "ed"}),
        jwt.encode(ours, raw, "HS256"),
        hs256_under(ours, pem),
        "\ud800",
        "a.b.c",
        "",
    ):
        assert not await office.takes(token), token


def hs256_under(claims: dict[str, Any], pem: bytes) -> str:
    """The classical confusion: HS256 with the public key as its secret, which PyJWT itself would not sign."""
    unsigned = jwt.encode(claims, SECRET, "HS256", headers={"kid": "rsa"}).rsplit(".", 1)[0]
    algorithm = jwt.get_algorithm_by_name("HS256")
    signature = jwt.utils.base64url_encode(algorithm.sign(unsigned.encode(), pem))
    return f"{unsigned}.{signature.decode()}"


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")
async def test_keys_that_are_not_taken() -> None:
    """AUTH-11: short ones, those for other ends, and secrets and private keys put there by mistake."""
    shared = {"kty": "oct", "kid": "oct", "k": "c" * 43, "alg": "HS256"}
    private = json.loads(OKPAlgorithm.to_jwk(NEXT)) | {"kid": "private"}
    office = Office(public(WEAK, "weak"), public(RSA, "enc", use="enc"), shared, private, public(ED, "ed"))
    assert not await office.takes(signed(WEAK, "weak", "RS256"))
    assert not await office.takes(signed(RSA, "enc", "RS256"))
    assert not await office.takes(signed(NEXT, "private"))
    assert await office.takes(signed())


async def test_the_only_key_needs_no_id() -> None:
    """AUTH-11."""
    assert await Office(public(ED, None)).takes(signed(kid=None))


async def test_a_new_key_is_fetched_when_it_is_first_used(office: Office) -> None:
    """AUTH-12: at once, by one reading for all who wait; claimed keys that nobody has cost a reading now and then."""
    assert await office.takes(signed())
    office.keys.append(public(NEXT, "next"))
    office.now += RETRY_AFTER
    assert await asyncio.gather(*(office.takes(signed(NEXT, "next")) for _ in range(5))) == [True] * 5
    assert office.asked == 2
    for number in range(20):
        assert not await office.takes(signed(NEXT, f"no-{number}"))
    assert office.asked == 2


async def test_a_withdrawn_key_is_forgotten(office: Office) -> None:
    """AUTH-12: ten minutes after the issuer withdrew it, at the latest."""
    assert await office.takes(signed())
    del office.keys[1]
    office.now += REFRESH_AFTER - 1
    assert await office.takes(signed())
    office.now += 1
    assert not await office.takes(signed())
    assert await office.takes(signed(RSA, "rsa", "RS256"))


@pytest.mark.parametrize("failure", [OSError("away"), ValueError("no JSON"), TimeoutError()], ids=repr)
async def test_an_issuer_that_is_away(office: Office, failure: Exception) -> None:
    """AUTH-12: its keys hold for a day; without any, callers are told to come again, not that their token is bad."""
    assert await office.takes(signed())
    office.failure = failure
    office.now += KEPT_FOR - 1
    assert await office.takes(signed())
    office.now += 1
    with pytest.raises(UnavailableError) as refused:
        await office.takes(signed())
    assert refused.value.code == "keys_unavailable"
    office.failure = None
    office.now += RETRY_AFTER
    assert await office.takes(signed())


async def test_over_rest(context: AppContext, office: Office) -> None:
    """AUTH-11, AUTH-12, AUTH-6: a user of the issuer owns what they make, and is not renewed; 503 without keys."""
    office.failure = OSError("away")
    bearer = {"Authorization": f"Bearer {signed(guest=True)}"}
    async with client_of(replace(context, tokens=office.tokens)) as client:
        away = await client.get("/api/rooms", headers=bearer)
        assert (away.status_code, away.json()["code"]) == (503, "keys_unavailable")
        office.failure = None
        office.now += RETRY_AFTER
        made = await client.post("/api/rooms", json={"name": "Staff"}, headers=bearer)
        assert made.json()["owner_id"] == "staff-7"
        assert (await client.post("/api/auth/renew", headers=bearer)).status_code == 403


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"jwks_url": "http://login.example/jwks"}, "no https address"),
        ({"jwks_url": "http://localhost.example/jwks"}, "no https address"),
        ({"jwks_url": "https://user:pass@login.example/jwks"}, "no https address"),
        ({"jwks_url": "file:///etc/passwd"}, "no https address"),
        ({"jwt_issuer": ""}, "RAYROOMS_JWT_ISSUER"),
        ({"jwt_audience": ""}, "RAYROOMS_JWT_AUDIENCE"),
    ],
    ids=repr,
)
def test_settings_that_cannot_be_trusted(changes: dict[str, str], says: str) -> None:
    """AUTH-11: keys come over TLS or from this machine, and issuer and audience are named."""
    good = {"jwks_url": "https://login.example/jwks", "jwt_issuer": NAME}
    Tokens.from_settings(Settings(jwt_secret=SECRET, **good))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=says):
        Tokens.from_settings(Settings(jwt_secret=SECRET, **(good | changes)))  # type: ignore[arg-type]


async def test_the_document_is_read_over_http() -> None:
    """AUTH-12: as it stands; no other answer, no redirect and nothing endless is taken for it."""
    answers = {
        "/keys": (200, "", b'{"keys": []}'),
        "/gone": (404, "", b"{}"),
        "/moved": (302, "Location: /keys\r\n", b""),
        "/endless": (200, "", b"x" * 300_000),
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        status, header, body = answers[request.split()[1].decode()]
        writer.write(f"HTTP/1.1 {status} X\r\n{header}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        assert await document_at(f"{url}/keys")() == b'{"keys": []}'
        for path in ("/gone", "/moved", "/endless"):
            with pytest.raises(ValueError, match="the "):
                await document_at(url + path)()
