"""Every setting of the server in one typed place, read from the environment (`RAYROOMS_*`); see `.env.example`.

It stands in the lowest server layer so that every other layer can read it. All processes of a server inherit the
environment that `scripts/up` was given, so each reads the same values.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The server's settings. Sizes are in bytes unless named otherwise, times in seconds."""

    model_config = SettingsConfigDict(env_prefix="RAYROOMS_", extra="ignore")

    # where it listens and keeps things
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    data_dir: str = "data"
    database_url: str = Field(default="", repr=False)
    ray_address: str = ""
    runtime_dir: str = ""
    namespace: str = "rayrooms"
    node_ip: str = ""
    listen_ip: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    metrics_token: str = Field(default="", repr=False)
    traces: str = Field(default="", pattern=r"^(|console|file:.+|https?://.+)$")
    traces_share: float = Field(default=0.01, ge=0, le=1)

    # database
    db_pool_size: int = Field(default=10, ge=1)
    db_pool_overflow: int = Field(default=20, ge=0)
    db_timeout: float = Field(default=5.0, gt=0)

    # write-behind
    flush_interval: float = Field(default=0.05, gt=0, le=0.1)
    flush_max_records: int = Field(default=20_000, ge=1)
    writer_max_buffer: int = Field(default=256 * 1024 * 1024, ge=1)
    snapshot_every: int = Field(default=1000, ge=1)
    snapshots_kept: int = Field(default=10, ge=1)

    # rooms
    gateways: int = Field(default=1, ge=1)
    gateways_max: int = Field(default=0, ge=0)
    sockets_per_gateway: int = Field(default=2_000, ge=1)
    gateways_shrink_after: float = Field(default=600.0, ge=0)
    direct: bool = True
    warm_pool: int = Field(default=2, ge=0)
    room_idle: float = Field(default=300.0, gt=0)
    room_awake_budget: int = Field(default=200, ge=1)
    rooms_per_actor: int = Field(default=1, ge=1, le=1_000)
    log_window: int = Field(default=5_000, ge=100)
    log_preload: int = Field(default=1_000, ge=0)
    chat_tail: int = Field(default=100, ge=0)
    backlog_max_records: int = Field(default=100_000, ge=1)
    backlog_max_bytes: int = Field(default=64 * 1024 * 1024, ge=1)
    typing_timeout: float = Field(default=6.0, gt=0)

    # limits
    max_message: int = Field(default=256 * 1024, ge=1024)
    max_document: int = Field(default=5 * 1024 * 1024, ge=1024)
    max_chat: int = Field(default=8_000, ge=1)
    max_socket_buffer: int = Field(default=4 * 1024 * 1024, ge=64 * 1024)
    ping_interval: float = Field(default=20.0, gt=0, le=25)
    max_sockets_per_user: int = Field(default=256, ge=1)
    max_rooms_per_user: int = Field(default=10_000, ge=1)
    max_members: int = Field(default=1_000, ge=1)
    limit_edits: float = Field(default=2_000.0, gt=0, allow_inf_nan=False)
    limit_chat: float = Field(default=20.0, gt=0, allow_inf_nan=False)
    limit_signals: float = Field(default=500.0, gt=0, allow_inf_nan=False)
    limit_joins: float = Field(default=20.0, gt=0, allow_inf_nan=False)
    limit_control: float = Field(default=100.0, gt=0, allow_inf_nan=False)
    limit_bytes: float = Field(default=4.0 * 1024 * 1024, gt=0, allow_inf_nan=False)
    limit_burst: float = Field(default=10.0, gt=0, allow_inf_nan=False)
    limit_guests: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    address_header: str = ""

    # who may come in
    jwt_secret: str = Field(default="", repr=False)
    jwt_previous_secrets: list[str] = Field(default=[], repr=False)
    jwks_url: str = ""
    jwt_issuer: str = ""
    jwt_audience: str = "rayrooms"
    jupyter_secret: str = Field(default="", repr=False)
    jupyter_previous_secrets: list[str] = Field(default=[], repr=False)
    guest_ttl: float = Field(default=30 * 86_400, gt=0)
    guests: Literal["auto", "on", "off"] = "auto"
    allowed_origins: list[str] = []
    admins: list[str] = []

    @property
    def most_gateways(self) -> int:
        """How many gateways there may be; as many as `gateways` when their number is fixed."""
        return max(self.gateways, self.gateways_max)

    @property
    def bound_to_loopback(self) -> bool:
        """Whether only this machine reaches the server."""
        return self.host in {"127.0.0.1", "::1", "localhost"}

    @property
    def guests_enabled(self) -> bool:
        """Guests sign in by name only while the server is bound to loopback, unless switched on or off."""
        if self.guests == "auto":
            return self.bound_to_loopback
        return self.guests == "on"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
