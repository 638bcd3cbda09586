"""This module runs migrations for Alembic, inside the transaction that kb.database.connection opened."""

from alembic import context

from kb.database.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
