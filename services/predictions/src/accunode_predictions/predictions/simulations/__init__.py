"""Scores that are not stored: many rows at once, and what would be if."""
