"""What routes are given: the caller's identity, the services, and paging parameters."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from rayrooms.errors import UnauthenticatedError
from serve.auth.tokens import Identity
from serve.context import Services
from serve.schemas.base import MAX_PAGE

_bearer = HTTPBearer(
    scheme_name="bearer",
    bearerFormat="JWT",
    description="A token from `POST /api/auth/guest` or from the operator's own issuer.",
    auto_error=False,
)


def services_of(request: Request) -> Services:
    """The services of the app that serves the request."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


ServicesDep = Annotated[Services, Depends(services_of)]


async def caller(
    services: ServicesDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Identity:
    """Who asks. Raises UnauthenticatedError(bad_token) and UnavailableError(keys_unavailable)."""
    if credentials is None:
        raise UnauthenticatedError("This needs a token: send it as 'Authorization: Bearer <token>'.")
    return await services.tokens.identify(credentials.credentials)


Caller = Annotated[Identity, Depends(caller)]
RoomIdPath = Annotated[str, Path(description="The room's id.", examples=["interview-42"])]
UserIdPath = Annotated[str, Path(description="The user's id.", examples=["guest-3f9a2c"])]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many items at most.")]
Offset = Annotated[int, Query(ge=0, le=100_000, description="How many items to skip: `next` of the page before.")]
