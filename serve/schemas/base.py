"""What all request and response bodies share."""

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

ItemT = TypeVar("ItemT")
CursorT = TypeVar("CursorT")

MAX_PAGE = 200

RoomId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$")]
UserId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
ClientId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
PersonName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Timestamp = Annotated[datetime, AfterValidator(lambda time: time.astimezone(UTC))]
"""RFC 3339, always in UTC whatever time zone the database speaks."""
Version = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""A document version; JSON numbers hold no larger integer everywhere."""

OperationJson = Annotated[
    list[Any],
    WithJsonSchema(
        {
            "type": "array",
            "description": "Operation of OT type text-unicode, canonical; offsets count Unicode code points.",
            "items": {
                "anyOf": [
                    {"type": "integer", "minimum": 1, "description": "Skip so many."},
                    {"type": "string", "minLength": 1, "description": "Insert this."},
                    {
                        "type": "object",
                        "description": "Delete so many, or this text.",
                        "properties": {"d": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}]}},
                        "required": ["d"],
                        "additionalProperties": False,
                    },
                ]
            },
            "examples": [[5, "hello", {"d": 3}]],
        }
    ),
]
"""`rayrooms.text.check` validates it, for an error of its own (invalid_operation)."""


class RequestBody(BaseModel):
    """Base of request bodies: no coercion, and no field that would be ignored in silence."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ResponseBody(BaseModel):
    """Base of response bodies."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Page(ResponseBody, Generic[ItemT, CursorT]):
    """One page of a list, at most `limit` items."""

    items: list[ItemT]
    limit: int
    next: CursorT | None = Field(description="Where the next page starts (`offset` or `before`); null on the last one.")
