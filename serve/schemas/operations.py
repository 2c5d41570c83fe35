"""Bodies of edits and of the operations log."""

from typing import Annotated, Any

from pydantic import ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator

from rayrooms.protocol import EditType
from serve.schemas.base import (
    ClientId,
    OperationJson,
    Page,
    RequestBody,
    ResponseBody,
    Timestamp,
    UserId,
    Version,
)


class _Edit(RequestBody):
    version: Version | None = Field(
        default=None, description="The newest version its author has seen; absent: the current one."
    )
    client_id: ClientId | None = Field(default=None, description="With `seq`: makes repeats harmless.")
    seq: int | None = Field(default=None, ge=1, le=2**53 - 1, description="Counts the edits of `client_id` from 1.")
    user_id: UserId | None = Field(default=None, description="Optional; refused unless it is the token's own.")

    @model_validator(mode="after")
    def _numbered_by_both(self) -> "_Edit":
        if (self.client_id is None) != (self.seq is None):
            raise ValueError("client_id and seq come together")
        return self


class OperationEdit(_Edit):
    """An edit given as an operation."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"op": [5, "hello"], "version": 12, "client_id": "c1", "seq": 3}}
    )

    op: OperationJson


class PositionalEdit(_Edit):
    """An edit given by position: insert `content`; delete `length`; replace `length` by `content`."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"op_type": "insert", "position": 5, "content": "hello", "version": 12}}
    )

    op_type: EditType
    position: int = Field(description="Code points from the start.")
    content: Annotated[str, StringConstraints()] | None = None
    length: int | None = Field(default=None, description="Code points.")


def _kind(body: Any) -> str:  # noqa: ANN401 - whatever JSON was sent
    return (
        "by_operation"
        if isinstance(body, OperationEdit) or (isinstance(body, dict) and "op" in body)
        else "by_position"
    )


NewOperation = Annotated[
    Annotated[OperationEdit, Tag("by_operation")] | Annotated[PositionalEdit, Tag("by_position")],
    Discriminator(_kind),
]


class Accepted(ResponseBody):
    """An edit, committed in the live room as `version`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"operation_id": "interview-42:13", "version": 13, "timestamp": "2026-01-05T09:30:00Z"}
        }
    )

    operation_id: str
    version: int
    timestamp: Timestamp


class LoggedOperation(ResponseBody):
    """A committed operation: it takes the document from `version - 1` to `version`.

    `op_type`, `position` and `content` describe it for people; `op` is the operation, its deletes carry their text.
    """

    operation_id: str
    version: int
    op_type: EditType
    position: int
    content: str
    op: OperationJson
    user_id: str
    client_id: str
    seq: int
    timestamp: Timestamp


class OperationPage(Page[LoggedOperation, int]):
    """Operations, newest first; `next` is the `before` of the next page."""


class OperationRange(ResponseBody):
    """The operations that lead from `from_version` to `to_version`, ascending and without gaps."""

    room_id: str
    from_version: int
    to_version: int
    current_version: int
    operations: list[LoggedOperation]
    limit: int
    next: int | None = Field(
        description="The `from_version` of the next page; null when this one reaches `to_version`."
    )
