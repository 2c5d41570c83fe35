"""Which form of a file a request asks for (RFC 9110): content codings and validators. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def choose_coding(accept_encoding: str, available: Iterable[str]) -> str | None:
    """The first of the `available` content codings that the header accepts; None: the file as it is.

    A coding that the header does not name is only taken under `*`; weights other than 0 do not reorder ours.
    """
    accepted: dict[str, bool] = {}
    for entry in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in entry.split(";"))
        accepted[coding] = not any(_is_zero(parameter) for parameter in parameters)
    fallback = accepted.get("*", False)
    return next((coding for coding in available if accepted.get(coding, fallback)), None)


def is_current(if_none_match: str, etag: str) -> bool:
    """Whether the caller holds this very form; validators compare weakly, as they do for GET."""
    held = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in held or "*" in held


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and not value.strip().strip("0.")
