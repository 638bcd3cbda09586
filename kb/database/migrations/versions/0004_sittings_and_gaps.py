"""This migration adds open forms (late drafts are refused), what became of gaps, and an index for counts."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_index("ix_searches_counted", "searches", ["at", "mode", "total", "best"])
    op.create_table(
        "sittings",
        sa.Column("token", sa.String(16), primary_key=True),
        sa.Column("at", MOMENT, nullable=False, index=True),
        sa.Column("path", sa.String(300), nullable=False, index=True),
        sa.Column("visitor", sa.String(32), nullable=False),
        sa.Column("editor", sa.String(300), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("saved", sa.String(300), nullable=False),
    )
    op.create_table(
        "gap_decisions",
        sa.Column("digest", sa.String(32), primary_key=True),
        sa.Column("at", MOMENT, nullable=False, index=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(300), nullable=False),
    )


def downgrade() -> None:
    op.drop_index("ix_searches_counted", "searches")
    op.drop_table("gap_decisions")
    op.drop_table("sittings")
