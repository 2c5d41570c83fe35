"""Database URLs: any postgres(ql):// form in, the form that SQLAlchemy or libpq wants out."""

from __future__ import annotations

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from rayrooms.errors import UnavailableError


def parse(url: str) -> URL:
    """The parts of a Postgres URL, whatever driver it names.

    Raises UnavailableError(database_unavailable) for anything that is not one; the message does not repeat it, since it
    may hold a password.
    """
    if not url:
        raise UnavailableError("No database URL is set.", code="database_unavailable")
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise UnavailableError("The database URL cannot be parsed.", code="database_unavailable") from error
    if parsed.get_backend_name() not in {"postgres", "postgresql"}:
        raise UnavailableError(
            f"The database URL must start with postgresql://, not {parsed.drivername}://.", code="database_unavailable"
        )
    return parsed


def sqlalchemy_url(url: str) -> URL:
    """For SQLAlchemy over psycopg, sync or async alike."""
    return parse(url).set(drivername="postgresql+psycopg")


def libpq_url(url: str) -> str:
    """For psycopg itself."""
    return parse(url).set(drivername="postgresql").render_as_string(hide_password=False)
