"""Releases: one service at a time from an image to all requests, and back."""
