"""Bulk jobs: a file becomes chunks, and each chunk becomes stored predictions."""
