"""The second step: an authenticator, and recovery codes for when it is lost."""
