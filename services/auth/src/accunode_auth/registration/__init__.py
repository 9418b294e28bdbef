"""Becoming a user, and showing that the address is one's own."""
