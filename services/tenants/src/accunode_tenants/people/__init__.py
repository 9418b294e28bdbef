"""People, as the other features find them."""
