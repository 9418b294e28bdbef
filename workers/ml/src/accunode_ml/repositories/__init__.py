"""All SQL of the worker and the relay, a module for each table or aggregate; an architecture test holds it.

A function here takes the caller's transaction and says in its name what it finds or changes; it decides nothing that
could be decided without the database. Statements are built with SQLAlchemy or psycopg's `sql`, never by joining text.
"""
