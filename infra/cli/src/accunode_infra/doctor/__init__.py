"""Looks whether everything is there that a deploy needs, before it is needed."""
