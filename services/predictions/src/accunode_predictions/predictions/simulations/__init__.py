"""Scores that are not stored: many rows at once."""
