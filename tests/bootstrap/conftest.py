"""Databases, as the tests of the stores have them."""

from tests.adapters.db.conftest import (
    cluster,
    kind,
    migrated_file,
    postgres_url,
    sqlite_url,
    url,
)

__all__ = ["cluster", "kind", "migrated_file", "postgres_url", "sqlite_url", "url"]
