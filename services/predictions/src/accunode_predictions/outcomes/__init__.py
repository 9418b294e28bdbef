"""What became of obligors: their defaults, for back-tests."""
