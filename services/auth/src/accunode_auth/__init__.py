"""Sign-in, sessions and signing keys."""
