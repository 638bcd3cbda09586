"""This migration adds what imports brought, so that one can be undone as a whole, and mappings of columns by name."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("editor", sa.String(300), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("files", sa.JSON, nullable=False),
        sa.Column("undone", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "mappings",
        sa.Column("name", sa.String(300), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("columns", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("mappings")
    op.drop_table("imports")
