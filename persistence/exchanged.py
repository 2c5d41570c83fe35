"""Values that the server's processes hand each other in actor calls, where two versions of the code may run at once."""

from __future__ import annotations

import msgspec


class Exchanged(msgspec.Struct, frozen=True):
    """Base of such values: pickled by the names of their fields.

    A later version may add fields with defaults: an earlier one drops them, and what it sends itself lacks them. (Other
    structs are pickled by position, and one field more than the receiver knows is an error.)
    """

    def __reduce__(self) -> tuple[object, ...]:
        return _known, (type(self), {name: getattr(self, name) for name in self.__struct_fields__})


def _known(kind: type[Exchanged], values: dict[str, object]) -> Exchanged:
    return kind(**{name: value for name, value in values.items() if name in kind.__struct_fields__})
