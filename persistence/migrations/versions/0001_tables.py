"""The seven tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conflict_resolutions",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "other_version", sa.BigInteger(), autoincrement=False, nullable=False
        ),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("other_user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint(
            "room_id",
            "version",
            "other_version",
            name=op.f("conflict_resolutions_pkey"),
        ),
    )
    op.create_table(
        "operations",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("op_type", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("op", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("room_id", "version", name=op.f("operations_pkey")),
        sa.UniqueConstraint(
            "room_id",
            "client_id",
            "seq",
            name=op.f("operations_room_id_client_id_seq_key"),
        ),
    )
    op.create_table(
        "rooms",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column(
            "private", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("max_users", sa.Integer(), server_default="50", nullable=False),
        sa.Column("language", sa.Text(), server_default="text", nullable=False),
        sa.Column("owner_epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("rooms_pkey")),
    )
    op.create_index(
        "rooms_public_created_at_idx",
        "rooms",
        [sa.literal_column("created_at DESC"), sa.literal_column("id")],
        unique=False,
        postgresql_where=sa.text("NOT private"),
    )
    op.create_index(
        "rooms_search_idx",
        "rooms",
        [
            sa.literal_column(
                "to_tsvector('simple'::regconfig, (name || ' '::text) || description)"
            )
        ],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("colour", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="offline", nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
    )
    op.create_table(
        "document_snapshots",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version_epoch", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("clients", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["room_id"],
            ["rooms.id"],
            name=op.f("document_snapshots_room_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "room_id", "version", name=op.f("document_snapshots_pkey")
        ),
    )
    op.create_table(
        "messages",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("reply_to", sa.Text(), nullable=True),
        sa.Column(
            "reactions",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "edited", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column(
            "deleted", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["room_id"],
            ["rooms.id"],
            name=op.f("messages_room_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("room_id", "id", name=op.f("messages_pkey")),
    )
    op.create_index(
        "messages_by_created_at_idx",
        "messages",
        ["room_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "room_members",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("colour", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.Text(), server_default="member", nullable=False),
        sa.Column(
            "joined_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "active", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["room_id"],
            ["rooms.id"],
            name=op.f("room_members_room_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("room_id", "user_id", name=op.f("room_members_pkey")),
    )
    op.create_index(
        "room_members_by_joined_at_idx",
        "room_members",
        ["room_id", "joined_at", "user_id"],
        unique=False,
    )
    op.create_index(
        "room_members_of_user_idx",
        "room_members",
        ["user_id", sa.literal_column("joined_at DESC"), "room_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("room_members_of_user_idx", table_name="room_members")
    op.drop_index("room_members_by_joined_at_idx", table_name="room_members")
    op.drop_table("room_members")
    op.drop_index("messages_by_created_at_idx", table_name="messages")
    op.drop_table("messages")
    op.drop_table("document_snapshots")
    op.drop_table("users")
    op.drop_index("rooms_search_idx", table_name="rooms", postgresql_using="gin")
    op.drop_index(
        "rooms_public_created_at_idx",
        table_name="rooms",
        postgresql_where=sa.text("NOT private"),
    )
    op.drop_table("rooms")
    op.drop_table("operations")
    op.drop_table("conflict_resolutions")
