"""Who calls: roles and permissions, access tokens and their keys, revocation, and dependencies for handlers."""
