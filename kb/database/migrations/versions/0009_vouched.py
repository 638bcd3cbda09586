"""This migration adds by which login somebody is vouched for, and how often a token may ask in a minute."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("people", sa.Column("issuer", sa.String(300)))
    op.add_column("people", sa.Column("subject", sa.String(300)))
    op.create_index("ix_people_issuer_subject", "people", ["issuer", "subject"], unique=True)
    op.add_column("sign_ins", sa.Column("vouched", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("tokens", sa.Column("a_minute", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("tokens", "a_minute")
    op.drop_column("sign_ins", "vouched")
    op.drop_index("ix_people_issuer_subject", "people")
    op.drop_column("people", "subject")
    op.drop_column("people", "issuer")
