"""The custom messages that views send to the kernel over a widget's comm, but for those of the relay."""

from __future__ import annotations

from typing import Annotated

import msgspec

View = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
"""The id that a view gave itself: what the kernel sends reaches the views of all people, and names whom it is for."""


class AssetRequest(msgspec.Struct, tag_field="kind", tag="asset", frozen=True):
    """The view wants a file of the widgets' code."""

    view: View
    name: Annotated[str, msgspec.Meta(max_length=200)]


class GuestRequest(msgspec.Struct, tag_field="kind", tag="guest", frozen=True):
    """The view wants a guest's session, from a server that it does not reach itself."""

    view: View
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class RunRequest(msgspec.Struct, tag_field="kind", tag="run", frozen=True):
    """Somebody pressed Run."""

    view: View


AnyRequest = AssetRequest | GuestRequest | RunRequest


def read_request(content: object) -> AnyRequest | None:
    """What a view asks for; None when it is nothing that this version knows."""
    try:
        request: AnyRequest = msgspec.convert(content, AnyRequest)
    except msgspec.ValidationError:
        return None
    return request
