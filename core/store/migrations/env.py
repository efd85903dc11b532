"""How Alembic runs the migrations: on the connection it is handed, in the transaction already begun."""

from __future__ import annotations

from alembic import context

from core.store.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite changes columns only by copying the table.
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
