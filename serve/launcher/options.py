"""Where the settings of a start come from: the command line, then the environment, then `.env`, then the defaults."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values
from pydantic import ValidationError

from persistence.settings import Settings, get_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
"""The checkout (or the image's copy of it)."""

PREFIX = "RAYROOMS_"
SERVER_ID = "RAYROOMS_SERVER_ID"
"""Marks every process of one run; not a setting, but it shares the prefix."""


def read_settings(arguments: Sequence[str]) -> Settings:
    """The settings of this start, also put into the environment, where every process of the server reads them.

    Leaves the program with status 2 and one sentence a mistake when the command line or a value is wrong.
    """
    return settings_of(vars(_parser().parse_args(arguments)))


def settings_of(options: Mapping[str, str | None]) -> Settings:
    """The settings that these options of a command line (None: not given) make; otherwise as `read_settings`."""
    chosen = {name: value for name, value in options.items() if value is not None}
    env_file = {name: value or "" for name, value in dotenv_values(ROOT / ".env").items()}
    merge_environment(os.environ, chosen, env_file)
    return validated_settings()


def validated_settings() -> Settings:
    """The settings of the environment as it is now.

    Leaves the program with status 2 and one sentence a mistake when a value is wrong.
    """
    for name in unknown_names(os.environ):
        sys.stderr.write(f"rayrooms: the setting {name} is unknown and ignored; .env.example lists all of them\n")
    get_settings.cache_clear()
    try:
        return get_settings()
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            name = PREFIX + "_".join(str(part) for part in problem["loc"]).upper()
            sys.stderr.write(f"rayrooms: {name}: {problem['msg']}\n")
        sys.exit(2)


def merge_environment(
    environment: MutableMapping[str, str], chosen: Mapping[str, str], env_file: Mapping[str, str]
) -> None:
    """Put the command line's choices and the lines of `.env` into `environment`, each in its rank.

    A relative data directory counts from the current directory; the default one lies in the checkout.
    """
    for name, value in env_file.items():
        environment.setdefault(name, value)
    for name, value in chosen.items():
        environment[PREFIX + name.upper()] = value
    given = environment.get(PREFIX + "DATA_DIR")
    default = str(ROOT / Settings.model_fields["data_dir"].default)
    environment[PREFIX + "DATA_DIR"] = str(Path(given).expanduser().resolve()) if given else default


def unknown_names(environment: Mapping[str, str]) -> list[str]:
    """Variables with our prefix that name no setting: most likely misspelt."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {SERVER_ID}
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in known)


def _parser() -> argparse.ArgumentParser:
    """Only text is taken here: Settings is the one place that knows types and bounds."""
    parser = argparse.ArgumentParser(
        prog="scripts/up",
        description="Start a Rayrooms server and stay in the foreground; Ctrl-C or SIGTERM stops all of it.",
        epilog="Each option is also an environment variable (--data-dir: RAYROOMS_DATA_DIR) and may stand in .env; "
        ".env.example lists them and all further settings.",
    )
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", help="port to listen on (default 8000)")
    parser.add_argument("--data-dir", metavar="DIR", help="where the server keeps everything (default: data)")
    parser.add_argument("--database-url", metavar="URL", help="an outside Postgres instead of the embedded one")
    parser.add_argument("--ray-address", metavar="HOST:PORT", help="join a running Ray cluster instead of starting one")
    parser.add_argument("--log-level", metavar="LEVEL", help="DEBUG, INFO, WARNING or ERROR (default INFO)")
    return parser
