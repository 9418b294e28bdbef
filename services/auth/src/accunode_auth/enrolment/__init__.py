"""Enrolling a second factor in the middle of signing in, where the time of grace is over."""
