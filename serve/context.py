"""What the HTTP app stands on, handed in by whoever builds it: nothing of it is global."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from serve.auth.access import RoomAccess
from serve.auth.invitations import InvitationTokens
from serve.guest_limits import GuestLimits
from serve.metrics.agents import agents_of_cluster
from serve.pages.routes import STATIC
from serve.services.admin import AdminService
from serve.services.audit import AuditService
from serve.services.chat import ChatService
from serve.services.guests import GuestService
from serve.services.health import HealthService
from serve.services.history import RoomHistory
from serve.services.invitations import InvitationService
from serve.services.members import MemberService
from serve.services.rooms import RoomService
from serve.services.sync import SyncService
from serve.services.users import UserService
from serve.sockets.tally import GatewayTally

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from persistence.database import Database
    from persistence.settings import Settings
    from serve.auth.tokens import Tokens
    from serve.metrics.agents import Agent
    from serve.services.admin import Cluster
    from serve.services.live import LiveRooms


@dataclass(frozen=True, slots=True)
class AppContext:
    """One replica's settings, database connections and token keys, its way to live rooms and to the cluster; pages.

    Refusals are counted in `tally`; `agents` names the metrics agents that `/metrics` asks.
    """

    settings: Settings
    database: Database
    tokens: Tokens
    live: LiveRooms
    cluster: Cluster
    pages: Path = STATIC
    tally: GatewayTally = field(default_factory=GatewayTally)
    agents: Callable[[], Awaitable[list[Agent]]] = agents_of_cluster


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one app; routes take theirs from here (`app.state.services`)."""

    tokens: Tokens
    access: RoomAccess
    admin: AdminService
    audit: AuditService
    chat: ChatService
    guests: GuestService
    guest_limits: GuestLimits
    health: HealthService
    invitations: InvitationService
    members: MemberService
    rooms: RoomService
    sync: SyncService
    users: UserService

    @classmethod
    def of(cls, context: AppContext) -> Services:
        """Build them over the context."""
        database, live = context.database, context.live
        access = RoomAccess(database, max_members=context.settings.max_members)
        history = RoomHistory(database, live)
        health = HealthService(database, live, context.settings)
        return cls(
            tokens=context.tokens,
            access=access,
            admin=AdminService(database, context.cluster, health, admins=context.settings.admins),
            audit=AuditService(database, access),
            chat=ChatService(database, live, access),
            guests=GuestService(database, context.tokens, context.settings),
            guest_limits=GuestLimits.from_settings(context.settings),
            health=health,
            invitations=InvitationService(database, live, access, InvitationTokens.from_settings(context.settings)),
            members=MemberService(database, live, access),
            rooms=RoomService(database, live, access, history, max_rooms=context.settings.max_rooms_per_user),
            sync=SyncService(database, live, access, history),
            users=UserService(database, live),
        )
