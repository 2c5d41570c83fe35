"""Bodies of chat history."""

from serve.schemas.base import Page, ResponseBody, Timestamp


class Message(ResponseBody):
    """A chat message as it now stands; `reactions` maps an emoji to the ids of the users who chose it."""

    message_id: str
    user_id: str
    name: str
    content: str
    created_at: Timestamp
    reply_to: str | None
    reactions: dict[str, list[str]]
    edited: bool
    deleted: bool


class MessagePage(Page[Message, Timestamp]):
    """Messages, newest first; `next` is the `before` of the next page."""
