"""The wire messages in their two formats."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rayrooms.codec import codec_for
from rayrooms.errors import InvalidError
from rayrooms.protocol import (
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
    Change,
    Changes,
    ChangesData,
    ChatMessage,
    ChatMessageData,
    ChatPosted,
    CodeChange,
    CodeChangeData,
    CursorData,
    CursorUpdate,
    Ping,
    Range,
)

BOTH = pytest.mark.parametrize("subprotocol", [SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@BOTH
@given(content=TEXTS, deleted=TEXTS | st.integers(0, 2**31), skip=st.integers(0, 2**31), seq=st.integers(1, 2**53 - 1))
def test_edits_survive(subprotocol: str, content: str, deleted: str | int, skip: int, seq: int) -> None:
    """CD-1: whatever an edit holds comes out as it went in, in JSON and in msgpack."""
    codec = codec_for(subprotocol)
    edit = CodeChange(
        ref=7, data=CodeChangeData(room_id="r", op=[skip, content, {"d": deleted}], seq=seq, client_id="c")
    )
    frame = codec.encode(edit)
    assert isinstance(frame, bytes if subprotocol == SUBPROTOCOL_MSGPACK else str)
    assert codec.decode_client(frame) == edit


@BOTH
def test_messages_survive(subprotocol: str) -> None:
    """CD-1: times, ranges, and fields left out come out as they went in."""
    codec = codec_for(subprotocol)
    chat = ChatMessage(
        id="1",
        user_id="u",
        name="Ada",
        content="👍",
        created_at=datetime(2026, 1, 5, tzinfo=UTC),
        reactions={"👍": ["v"]},
    )
    posted = ChatPosted(data=ChatMessageData(room_id="r", message=chat))
    changes = Changes(data=ChangesData(room_id="r", changes=[Change(version=1, client_id="c", seq=1)]))
    for message in (posted, changes):
        assert codec.decode_server(codec.encode(message)) == message
    cursor = CursorUpdate(data=CursorData(room_id="r", ranges=[Range(1, 2)]))
    for request in (cursor, Ping(ref=1)):
        assert codec.decode_client(codec.encode(request)) == request


def test_json_is_what_the_protocol_says() -> None:
    """CD-2: an envelope of event, data and ref; absent fields are left out."""
    frame = codec_for(None).encode(CodeChange(ref=1, data=CodeChangeData(room_id="r", op=[1, "x"], version=0)))
    assert msgspec.json.decode(frame) == {
        "event": "code_change",
        "data": {"room_id": "r", "op": [1, "x"], "version": 0},
        "ref": 1,
    }


@BOTH
@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"event": "explode", "data": {}}, "unknown_event"),
        ({"event": "code_change"}, "malformed"),
        ({"event": "code_change", "data": {"room_id": 7}}, "malformed"),
        ({"event": "code_change", "data": {"room_id": "r", "op": [True]}}, "malformed"),
        ({"event": "code_change", "data": {"room_id": "r", "op": [1.5]}}, "malformed"),
        ({"data": {}}, "malformed"),
        ([], "malformed"),
        ("ping", "malformed"),
    ],
)
def test_what_is_no_message_is_refused(subprotocol: str, message: object, code: str) -> None:
    """CD-3, G8: an unknown event, and what is no message, each have their code."""
    encoded = (
        msgspec.json.encode(message).decode() if subprotocol == SUBPROTOCOL_JSON else msgspec.msgpack.encode(message)
    )
    for decode in (codec_for(subprotocol).decode_client, codec_for(subprotocol).decode_server):
        with pytest.raises(InvalidError) as caught:
            decode(encoded)
        assert caught.value.code == code


@BOTH
@pytest.mark.parametrize("frame", ["", "{", "\x00", '{"event":', b"", b"\xff\xfe", b"\xc1", b'{"event":"ping"'])
def test_noise_is_refused(subprotocol: str, frame: str | bytes) -> None:
    """CD-3, G8: noise is refused, never anything worse."""
    with pytest.raises(InvalidError) as caught:
        codec_for(subprotocol).decode_client(frame)
    assert caught.value.code == "malformed"


def test_lone_surrogates_are_named() -> None:
    """CD-4: a lone surrogate in JSON is refused as such."""
    for event in ("chat_message", "explode"):
        with pytest.raises(InvalidError) as caught:
            codec_for(SUBPROTOCOL_JSON).decode_client(f'{{"event":"{event}","data":{{"content":"\\ud800"}}}}')
        assert caught.value.code == "invalid_text"
