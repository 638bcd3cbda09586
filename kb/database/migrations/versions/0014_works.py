"""This migration adds the pieces of work of cases, and of which row an edit of a customer, device or part was."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "case_works",
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("who", sa.String(300), nullable=False),
        sa.Column("planned_from", _MOMENT),
        sa.Column("planned_until", _MOMENT),
        sa.Column("began", _MOMENT),
        sa.Column("ended", _MOMENT),
        sa.Column("opened", _MOMENT, nullable=False),
        sa.Column("customer", sa.String(300), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_case_works_counted", "case_works", ["opened", "kind", "state", "customer"])
    op.create_index("ix_case_works_planned", "case_works", ["state", "planned_from"])
    op.add_column("asset_imports", sa.Column("about", sa.String(64), nullable=False, server_default=""))
    op.create_index("ix_asset_imports_about", "asset_imports", ["about"])
