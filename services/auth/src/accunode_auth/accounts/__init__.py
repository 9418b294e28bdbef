"""Accounts as wholes: taken back by their owners, blocked, and ended."""
