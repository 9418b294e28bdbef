"""Addresses that may join an organization."""
