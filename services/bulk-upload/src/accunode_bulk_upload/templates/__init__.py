"""Files to fill in."""
