"""Which model version scores, and on which master scale."""
