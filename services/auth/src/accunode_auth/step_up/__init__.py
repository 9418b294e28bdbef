"""Showing again who one is, before changing how one signs in."""
