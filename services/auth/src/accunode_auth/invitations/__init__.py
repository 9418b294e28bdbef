"""Invitations: as administrators follow them, and as their addressees decide."""
