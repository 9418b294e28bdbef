"""Whether an organization sees the system's records."""
