"""Bodies of the health report."""

from typing import Literal

from pydantic import Field

from serve.schemas.base import ResponseBody


class PartHealth(ResponseBody):
    """One part that the server stands on."""

    status: Literal["ok", "failed"]
    detail: str | None = Field(default=None, description="What is wrong.")


class Parts(ResponseBody):
    """Every part by name."""

    database: PartHealth
    directory: PartHealth
    ingress: PartHealth


class Health(ResponseBody):
    """`degraded` when any part has failed."""

    status: Literal["ok", "degraded"]
    parts: Parts
