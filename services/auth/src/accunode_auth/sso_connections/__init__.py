"""Whom a tenant lets vouch for its people, and for which mail domains."""
