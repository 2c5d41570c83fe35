"""The one place where errors become HTTP answers: problem documents (RFC 9457) and their description in OpenAPI."""

from __future__ import annotations

from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from rayrooms.errors import RayroomsError, UnauthenticatedError, UnavailableError, from_code
from serve.middleware import DATA_HEADERS, SECURITY_HEADERS

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "message_too_large"}


class FieldProblem(BaseModel):
    """One wrong field of a request."""

    where: Literal["body", "query", "path", "header"]
    field: str = Field(description="Dotted path of the field; empty for the whole body.")
    detail: str


class Problem(BaseModel):
    """A problem document (RFC 9457); `code` is stable, `detail` is a sentence for people."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:rayrooms:problem:room_not_found",
                "title": "Room not found",
                "status": 404,
                "detail": "There is no room 'no-such-room'.",
                "code": "room_not_found",
                "instance": "/api/rooms/no-such-room",
            }
        }
    )

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    errors: list[FieldProblem] | None = Field(default=None, description="The wrong fields of a malformed request.")


class ProblemResponse(JSONResponse):
    """A problem document, which tells its code also to those who count."""

    def __init__(self, problem: Problem, headers: Mapping[str, str]) -> None:
        content = problem.model_dump(exclude_none=True)
        super().__init__(content, status_code=problem.status, media_type=MEDIA_TYPE, headers=dict(headers))
        self.code = problem.code


def problem_response(
    path: str,
    *,
    status: int,
    code: str,
    detail: str,
    errors: Sequence[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """The answer to a refused request; `path` is the request's decoded path."""
    problem = Problem(
        type=f"urn:rayrooms:problem:{code}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        detail=detail,
        code=code,
        instance=quote(path, errors="replace"),
        errors=None if errors is None else list(errors),
    )
    return ProblemResponse(problem, headers or {})


def from_error(path: str, error: RayroomsError, *, token_given: bool = False) -> ProblemResponse:
    """The answer that stands for an error of the tree, with the headers that its status calls for."""
    headers = {}
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = 'Bearer realm="rayrooms"' + (', error="invalid_token"' if token_given else "")
    if isinstance(error, UnavailableError) or error.status == HTTPStatus.TOO_MANY_REQUESTS:
        headers["Retry-After"] = str(ceil(error.retry_after or RETRY_AFTER_SECONDS))
    return problem_response(path, status=error.status, code=error.code, detail=error.message, headers=headers)


def refusals(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route that may refuse with these codes, grouped by status.

    A route that asks for a token may also find that its issuer's keys cannot be read.
    """
    by_status: dict[int, list[str]] = {}
    for code in (*codes, "keys_unavailable") if "bad_token" in codes else codes:
        by_status.setdefault(from_code(code, "").status, []).append(code)
    return {
        status: {
            "model": Problem,
            "description": f"{HTTPStatus(status).phrase}. Codes: " + ", ".join(f"`{code}`" for code in of_status) + ".",
        }
        for status, of_status in by_status.items()
    }


def install(app: FastAPI, counts: Counter[str]) -> None:
    """Make the app answer every error with a problem document, and count them by code."""

    def add(kind: type[Exception], answer: Callable[[Request, Exception], Awaitable[ProblemResponse]]) -> None:
        async def answer_counted(request: Request, error: Exception) -> ProblemResponse:
            response = await answer(request, error)
            counts[response.code] += 1
            return response

        app.add_exception_handler(kind, answer_counted)

    add(RayroomsError, _on_rayrooms_error)
    add(RequestValidationError, _on_validation_error)
    add(HTTPException, _on_http_exception)
    add(Exception, _on_unexpected)


def counted(counts: Counter[str]) -> Callable[[str, RayroomsError], ProblemResponse]:
    """As `from_error`, for those who answer before the app does."""

    def answer(path: str, error: RayroomsError) -> ProblemResponse:
        counts[error.code] += 1
        return from_error(path, error)

    return answer


def describe_problems(openapi: dict[str, Any]) -> None:
    """Give the problem documents of a generated OpenAPI document their own media type, in place."""
    reference = {"$ref": "#/components/schemas/Problem"}
    for path in openapi["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                content = response.get("content", {})
                if content.get("application/json", {}).get("schema") == reference:
                    response["content"] = {MEDIA_TYPE: {"schema": reference}}


async def _on_rayrooms_error(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RayroomsError)
    return from_error(request.url.path, error, token_given="authorization" in request.headers)


async def _on_validation_error(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    errors = [_field_problem(entry["loc"], entry["msg"]) for entry in error.errors()]
    first = errors[0]
    detail = f"The {first.where}{f' field {first.field}' if first.field else ''} is wrong: {first.detail}."
    return problem_response(request.url.path, status=422, code="malformed", detail=detail, errors=errors)


def _field_problem(location: Sequence[str | int], message: str) -> FieldProblem:
    where, *rest = location
    assert where in {"body", "query", "path", "header"}
    # pydantic names the chosen branch of a tagged union in the location, the caller never wrote it
    field = ".".join(str(part) for part in rest if part not in {"by_operation", "by_position"})
    return FieldProblem(where=where, field=field, detail=message.removeprefix("Value error, "))


async def _on_http_exception(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)
    return problem_response(
        request.url.path,
        status=error.status_code,
        code=_HTTP_CODES.get(error.status_code, f"http_{error.status_code}"),
        detail=f"{error.detail}.",
        headers=error.headers,
    )


async def _on_unexpected(request: Request, _error: Exception) -> ProblemResponse:
    """A defect of the server: logged by whoever runs the app, told to the caller without its inside."""
    return problem_response(
        request.url.path,
        status=500,
        code="internal",
        detail="The server met an unexpected error; it has been logged.",
        headers=SECURITY_HEADERS | DATA_HEADERS,
    )
