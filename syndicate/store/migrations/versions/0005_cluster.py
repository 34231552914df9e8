"""Many machines: who may send besides others, and what each relay's rate has left for all of them

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from syndicate.store.tables import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "owners",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("seen", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_owners")),
    )
    op.create_table(
        "relay_paces",
        sa.Column("relay", sa.String(), nullable=False),
        sa.Column("full_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("relay", name=op.f("pk_relay_paces")),
    )


def downgrade() -> None:
    op.drop_table("relay_paces")
    op.drop_table("owners")
