"""This migration gives tokens an owner and a day they expire; those there are keep working, and are nobody's."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("tokens") as tokens:
        tokens.add_column(sa.Column("owner", sa.String(300), nullable=False, server_default=""))
        tokens.add_column(sa.Column("expires", sa.DateTime(timezone=True)))


def downgrade() -> None:
    with op.batch_alter_table("tokens") as tokens:
        tokens.drop_column("expires")
        tokens.drop_column("owner")
