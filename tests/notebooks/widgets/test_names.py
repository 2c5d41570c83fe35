"""What rooms may be called."""

from __future__ import annotations

import pytest
from rayrooms_jupyter.names import room_name

from rayrooms.errors import InvalidError


@pytest.mark.parametrize(
    ("name", "room_id"), [("notes", "notes"), ("team/notes", "team~notes"), ("a.b_c~d-E/9", "a.b_c~d-E~9")]
)
def test_a_slash_becomes_a_tilde(name: str, room_id: str) -> None:
    """NB-1."""
    assert room_name(name) == (room_id, name)


@pytest.mark.parametrize("name", ["", "two words", "/abs", "-x", "é", "a" * 65, "a\n", "a?b", "../up"])
def test_a_name_that_no_room_can_have_says_what_is_allowed(name: str) -> None:
    """NB-1."""
    with pytest.raises(InvalidError, match=r"1 to 64 letters, digits"):
        room_name(name)
