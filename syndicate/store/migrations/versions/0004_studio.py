"""The studio: what the editor chose for the next issue, and when they were asked to approve one

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from syndicate.store.tables import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "choices",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("changed", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_choices")),
    )
    op.add_column("issues", sa.Column("asked", UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("issues", "asked")
    op.drop_table("choices")
