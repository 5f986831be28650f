"""What is kept: SQLAlchemy models (one module per area), the embedded server, migrations."""
