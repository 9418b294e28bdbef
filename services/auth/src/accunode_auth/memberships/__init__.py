"""Where a person works, and as what."""
