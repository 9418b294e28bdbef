"""Background jobs of any type."""
