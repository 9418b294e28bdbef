"""Signing in through a tenant's OpenID provider."""
