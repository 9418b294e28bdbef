"""Passkeys: WebAuthn credentials, as a second factor and to sign in with."""
