"""Bodies of conflict analytics."""

from pydantic import Field

from serve.schemas.base import Page, ResponseBody, Timestamp


class Conflict(ResponseBody):
    """Two concurrent operations touched the same place: `version` was transformed over `other_version`."""

    version: int
    other_version: int
    user_id: str
    other_user_id: str
    kind: str
    strategy: str
    created_at: Timestamp


class ConflictPage(Page[Conflict, int]):
    """Conflicts, newest first."""

    counts: dict[str, int] = Field(description="Of the whole room, by kind.")
