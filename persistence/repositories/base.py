"""What all repositories share: one table, one session."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from persistence.tables import Table
from rayrooms.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession
    from sqlmodel.sql.expression import SelectOfScalar

T = TypeVar("T", bound=Table)

_FOREIGN_KEY_VIOLATION = "23503"


class BaseRepository(Generic[T]):
    """Reads and writes of table `T`. Rows are detached objects to the caller: changing one writes nothing."""

    table: ClassVar[type[Table]]

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def _one(self, statement: SelectOfScalar[T]) -> T | None:
        # A row that this session has read before shows what was changed since by a statement.
        return (await self._session.exec(statement, execution_options={"populate_existing": True})).first()

    async def _all(self, statement: SelectOfScalar[T]) -> list[T]:
        return list((await self._session.exec(statement)).all())

    async def _insert(self, row: T, exists: str) -> T:
        """Add one row; raises ConflictError(already_exists) saying `exists`, NotFoundError(room_not_found)."""
        try:
            async with self._session.begin_nested():
                await self._session.exec(insert(self.table).values(**row.model_dump()))
        except IntegrityError as error:
            if getattr(error.orig, "sqlstate", None) == _FOREIGN_KEY_VIOLATION:
                raise NotFoundError("There is no such room.", code="room_not_found") from error
            raise ConflictError(exists, code="already_exists") from error
        return row
