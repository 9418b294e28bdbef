"""Who administers a tenant."""
