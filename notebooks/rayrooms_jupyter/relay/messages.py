"""What the two ends of a link say to one another, as the content of custom messages on the widget's comm."""

from __future__ import annotations

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]

CLOSED = "closed"
"""The code of an end that its side wanted; any other is the `code` of an error in `rayrooms.errors`."""


class Address(msgspec.Struct, frozen=True):
    """Whose a message is: the view that made the link, and the link."""

    view: Name
    link: Name


class _Message(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type"):
    """Base of what goes over a link."""


class Close(_Message, frozen=True, tag="close"):
    """The link is over at the sender's end. Not repeated; not answered."""

    code: str
    reason: str


class End(msgspec.Struct, frozen=True):
    """The end of a stream: nothing follows, for this reason."""

    code: str
    reason: str


class Open(_Message, frozen=True, tag="open"):
    """The view wants a session with the room server; an empty token means the kernel's own user."""

    token: str


class Data(_Message, frozen=True, tag="data"):
    """Packet number `seq` of a stream, from 1: whole frames, but that the last one may go on in the next packet."""

    seq: Annotated[int, msgspec.Meta(ge=1)]
    ack: Count
    have: tuple[int, ...] = ()
    frames: tuple[str, ...] = ()
    more: bool = False
    end: End | None = None


class Ack(_Message, frozen=True, tag="ack"):
    """All packets up to `ack` have come, and those in `have`. With `ping` it wants to be answered at once."""

    ack: Count
    have: tuple[int, ...] = ()
    ping: bool = False


Message = Open | Data | Ack | Close

KIND = "relay"


def read(content: dict[str, object]) -> tuple[Address, Message] | None:
    """The message in the content of a custom message; None for what is none of the relay's."""
    if content.get("kind") != KIND:
        return None
    try:
        return msgspec.convert(content, Address), msgspec.convert(content, Message)
    except msgspec.ValidationError:
        return None


def content(address: Address, message: Message) -> dict[str, object]:
    """What `read` reads."""
    fields: dict[str, object] = msgspec.to_builtins(message)
    return {"kind": KIND, "view": address.view, "link": address.link, **fields}
