"""The database: SQLite in a file of its own, or PostgreSQL, by one URL."""
