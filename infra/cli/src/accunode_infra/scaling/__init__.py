"""How many copies there are, may be, and should be."""
