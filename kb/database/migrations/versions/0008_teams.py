"""This migration adds teams, with the areas and products that they look after."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "teams",
        sa.Column("name", sa.String(300), primary_key=True),
        sa.Column("areas", sa.JSON, nullable=False),
        sa.Column("products", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("teams")
