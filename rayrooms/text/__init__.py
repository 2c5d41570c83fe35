"""The OT type of the documents: text-unicode, and the only place that knows it.

An operation is a list of components that walk over a document from its start. Offsets and lengths count Unicode
code points:

    5              skip 5
    "text"         insert "text" here
    {"d": 3}       delete 3
    {"d": "abc"}   delete "abc", which must be what stands here; an operation whose deletes all carry their text is
                   invertible

What follows the last component stays as it is. Operations are canonical: no empty component, no two neighbours of one
kind, no trailing skip. An insert and a delete at one place keep the order they were given in, both orders being
canonical; this package itself always writes the insert first.

Operations are values: no function changes its arguments, and a result may share parts with them or be one of them.
`check` and `normalize` take anything. All others expect canonical operations, so check once, where operations come in.

    convergence (TP1):  apply(apply(s, a), transform(b, a, "right")) == apply(apply(s, b), transform(a, b, "left"))

What was committed as one operation must be transformed over as one operation: `compose(b, c)` leads to the same text
as b and then c, but transforming over it may put an insert elsewhere than transforming over b and then c does.

The semantics are those of the npm package ot-text-unicode, to which tests/text holds this one case by case.
"""

from __future__ import annotations

from rayrooms.text._algebra import (
    Side,
    apply,
    apply_checked,
    compose,
    invert,
    is_noop,
    length_delta,
    make_invertible,
    transform,
)
from rayrooms.text._check import MAX_COUNT, check, check_text, normalize
from rayrooms.text._diff import diff
from rayrooms.text._positions import PositionEdit, describe, from_position_edit, transform_position, transform_range

__all__ = [
    "MAX_COUNT",
    "PositionEdit",
    "Side",
    "apply",
    "apply_checked",
    "check",
    "check_text",
    "compose",
    "describe",
    "diff",
    "from_position_edit",
    "invert",
    "is_noop",
    "length_delta",
    "make_invertible",
    "normalize",
    "transform",
    "transform_position",
    "transform_range",
]
