"""This migration adds which sayings of customers are no aliases, and puts right what lists of cases look up."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "refused_sayings",
        sa.Column("article", sa.String(300), primary_key=True),
        sa.Column("digest", sa.String(32), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.drop_index("ix_cases_state_next_due", "cases")
    op.drop_index("ix_cases_customer", "cases")
    op.drop_index("ix_cases_article", "cases")
    answered = sa.text("article <> ''")
    op.create_index("ix_cases_answered", "cases", ["article"], sqlite_where=answered, postgresql_where=answered)
    op.create_index("ix_cases_customer_opened", "cases", ["customer", "opened"])
