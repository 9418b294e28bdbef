"""The decisions about people, memberships and tenants' rules that the auth and tenants services share."""
