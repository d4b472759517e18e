"""Alembic's entry: runs the steps on the connection the store hands over. No file or variable is read."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    transaction_per_migration=False,
    render_as_batch=False,
)
context.run_migrations()
