"""Obligors."""
