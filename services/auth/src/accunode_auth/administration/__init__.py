"""People as their administrators see them."""
