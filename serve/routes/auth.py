"""Signing in, and staying so."""

from fastapi import APIRouter, Request

from serve.problems import refusals
from serve.routes.checked import CheckedRoute
from serve.routes.dependencies import Caller, ServicesDep
from serve.schemas.auth import GuestSignIn, SignedIn

router = APIRouter(prefix="/api/auth", tags=["auth"], route_class=CheckedRoute)


@router.post(
    "/guest",
    summary="Sign in by name",
    responses=refusals(
        "malformed", "invalid_text", "forbidden", "message_too_large", "rate_limited", "database_unavailable"
    ),
)
async def sign_in_guest(services: ServicesDep, request: Request, body: GuestSignIn) -> SignedIn:
    """A token for a new guest, where the server admits guests; so many a minute from one address."""
    services.guest_limits.check(request.headers)
    return await services.guests.sign_in(body.name)


@router.post(
    "/renew",
    summary="Renew a guest's token",
    responses=refusals("bad_token", "invalid_text", "forbidden", "database_unavailable"),
)
async def renew(services: ServicesDep, identity: Caller) -> SignedIn:
    """A fresh token for the same guest while the old one still holds; tokens of other issuers are not renewed."""
    return await services.guests.renew(identity)
