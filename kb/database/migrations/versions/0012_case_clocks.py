"""This migration adds how each case stands with what was promised, so that figures are counted without its log."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "case_clocks",
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True)),
        sa.Column("provisional", sa.Boolean, nullable=False),
        sa.Column("opened", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer", sa.String(300), nullable=False),
        sqlite_with_rowid=False,
    )
    written = sa.text("kind = 'written'")
    op.create_index("ix_events_written", "events", ["case_id"], sqlite_where=written, postgresql_where=written)
    clocks = ["opened", "name", "state", "due", "provisional", "customer"]
    op.create_index("ix_case_clocks_counted", "case_clocks", clocks)
    cases = ["opened", "customer", "outcome", "state", "channel", "area", "cause", "handling", "priority"]
    op.create_index("ix_cases_counted", "cases", [*cases, "score", "article"])
