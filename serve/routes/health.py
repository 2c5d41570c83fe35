"""Whether the server is well."""

from fastapi import APIRouter, Response, status

from serve.routes.dependencies import ServicesDep
from serve.schemas.health import Health

router = APIRouter(tags=["health"])


@router.get(
    "/health",
    summary="Ask whether the server is well",
    responses={status.HTTP_503_SERVICE_UNAVAILABLE: {"model": Health, "description": "A part has failed."}},
)
async def health(services: ServicesDep, response: Response) -> Health:
    """Every part that the server stands on, by name. Needs no token."""
    report = await services.health.check()
    if report.status != "ok":
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return report
