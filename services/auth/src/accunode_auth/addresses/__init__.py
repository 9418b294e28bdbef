"""Changing the address that signs a person in."""
