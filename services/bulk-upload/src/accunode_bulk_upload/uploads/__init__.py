"""Uploads: taking a file in, and the life of its job."""
