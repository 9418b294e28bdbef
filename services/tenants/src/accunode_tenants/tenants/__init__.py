"""Financial institutions."""
