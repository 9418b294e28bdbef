"""Keys for machines: narrower than their maker, exchanged for short access tokens."""
