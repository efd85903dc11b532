"""Alembic migrations of the workspace's database, run when it is opened."""
