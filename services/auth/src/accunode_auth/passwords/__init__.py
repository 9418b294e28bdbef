"""Passwords: hashing, what a good one is, changing and resetting."""
