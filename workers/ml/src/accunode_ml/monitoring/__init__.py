"""Watches models: a tenant's population against the one that a model was trained on, and its outcomes."""
