"""The one memory: SQLite or PostgreSQL through SQLAlchemy Core."""
