"""Stored probabilities of default, one per company, kind and period."""
