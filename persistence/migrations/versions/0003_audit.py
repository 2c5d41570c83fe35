"""The audit log of rooms."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("previous_role", sa.Text(), nullable=True),
        sa.Column("invitation_id", sa.Text(), nullable=True),
        sa.Column("private", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_events_pkey")),
    )
    op.create_index("audit_events_of_room_idx", "audit_events", ["room_id", "id"], unique=False)
    op.create_index(
        "audit_events_deletions_idx",
        "audit_events",
        ["room_id", "id"],
        unique=False,
        postgresql_where=sa.text("action = 'room_deleted'"),
    )


def downgrade() -> None:
    op.drop_index("audit_events_deletions_idx", table_name="audit_events")
    op.drop_index("audit_events_of_room_idx", table_name="audit_events")
    op.drop_table("audit_events")
