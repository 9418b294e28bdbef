"""Counts and distributions of predictions."""
