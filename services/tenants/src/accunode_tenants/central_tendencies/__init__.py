"""The long-run default rates that a tenant sets for its scores."""
