"""The signing keys and their public side."""
