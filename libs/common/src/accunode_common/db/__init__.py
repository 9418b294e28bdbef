"""Access to PostgreSQL: engine, session with tenant context, declarative base, row-level security and grants."""
