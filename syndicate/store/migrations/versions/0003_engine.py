"""The sending engine: how many an issue was for, what each relay was given in which hour, which relay rests

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from syndicate.store.tables import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COUNT = "UPDATE issues SET candidates = (SELECT count(*) FROM deliveries WHERE deliveries.issue_id = issues.id)"


def upgrade() -> None:
    op.add_column("issues", sa.Column("candidates", sa.Integer(), nullable=False, server_default="0"))
    op.execute(_COUNT)
    op.create_table(
        "relays",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("paused_until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_relays")),
    )
    op.create_table(
        "relay_hours",
        sa.Column("relay", sa.String(), nullable=False),
        sa.Column("hour", UtcDateTime(timezone=True), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("relay", "hour", name=op.f("pk_relay_hours")),
    )


def downgrade() -> None:
    op.drop_table("relay_hours")
    op.drop_table("relays")
    op.drop_column("issues", "candidates")
