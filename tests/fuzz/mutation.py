"""Takes well-formed things apart: trees of JSON or msgpack values, and bytes. Pure: all chance comes in as a Random."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

Place = tuple[Any, Any]
"""A container and the key or index of one of its values."""

HOSTILE_TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "😀" * 9,
    "﷽",
    "x" * 65,
    "x" * 9_000,
    "../../etc",
    "' OR 1=1 --",
    "api.me",
    "\u202e",
)
HOSTILE_NUMBERS = (
    0,
    -1,
    1,
    2**31 - 1,
    2**31,
    -(2**31),
    2**53 - 1,
    2**53,
    -(2**53),
    2**63 - 1,
    -(2**63),
    0.5,
    -0.0,
    1e308,
)
HOSTILE_VALUES: tuple[Any, ...] = (None, True, False, [], {}, [[]], {"d": {}}, [None], {"": 0}, *HOSTILE_NUMBERS)


def twisted(rng: random.Random, tree: Any, times: int = 1) -> Any:
    """A copy of `tree` with a few values replaced, dropped, doubled, wrapped, swapped or misnamed."""
    root = [copy.deepcopy(tree)]
    for _ in range(times):
        places = list(_places(root))
        rng.choice(_TWISTS)(rng, *rng.choice(places))
        if not root:
            return None
    return root[0]


def scrambled(rng: random.Random, data: bytes) -> bytes:
    """A copy of `data` with a few bytes flipped, cut, doubled, inserted or overwritten."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(changed))
        upto = min(len(changed), at + rng.randint(1, 8))
        match rng.randrange(5):
            case 0:
                changed[at:upto] = bytes(byte ^ (1 << rng.randrange(8)) for byte in changed[at:upto])
            case 1:
                del changed[at:upto]
            case 2:
                changed[at:at] = changed[at:upto]
            case 3:
                changed[at:at] = rng.randbytes(rng.randint(1, 8))
            case 4:
                changed[at:] = b""
    return bytes(changed)


def _places(container: Any) -> Iterator[Place]:
    keys = range(len(container)) if isinstance(container, list) else container if isinstance(container, dict) else ()
    for key in keys:
        yield container, key
        yield from _places(container[key])


def _replace(rng: random.Random, container: Any, key: Any) -> None:
    texts = isinstance(container[key], str) and rng.random() < 0.5
    container[key] = copy.deepcopy(rng.choice(HOSTILE_TEXTS if texts else HOSTILE_VALUES))


def _nudge(rng: random.Random, container: Any, key: Any) -> None:
    """A number that is only a little wrong gets further than one that is wild."""
    value = container[key]
    if isinstance(value, int) and not isinstance(value, bool):
        container[key] = value + rng.choice((-1000, -2, -1, 1, 2, 1000))
    elif isinstance(value, str):
        container[key] = value + rng.choice(HOSTILE_TEXTS)
    else:
        _replace(rng, container, key)


def _drop(_rng: random.Random, container: Any, key: Any) -> None:
    del container[key]


def _double(rng: random.Random, container: Any, key: Any) -> None:
    if isinstance(container, list):
        container[key:key] = [copy.deepcopy(container[key])] * rng.choice((1, 1, 1, 200))
    else:
        container[f"{key}_"] = container[key]


def _wrap(rng: random.Random, container: Any, key: Any) -> None:
    container[key] = [container[key]] if rng.random() < 0.5 else {"d": container[key]}


def _swap(rng: random.Random, container: Any, key: Any) -> None:
    other = rng.choice(list(range(len(container)) if isinstance(container, list) else container))
    container[key], container[other] = container[other], container[key]


def _misname(rng: random.Random, container: Any, key: Any) -> None:
    if isinstance(container, dict):
        container[rng.choice((*HOSTILE_TEXTS, str(key).upper()))] = container.pop(key)
    else:
        _replace(rng, container, key)


_TWISTS: tuple[Callable[[random.Random, Any, Any], None], ...] = (
    _replace,
    _replace,
    _nudge,
    _nudge,
    _drop,
    _double,
    _wrap,
    _swap,
    _misname,
)
