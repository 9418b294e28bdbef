"""Sessions: signed-in devices, their refresh tokens, and their end."""
