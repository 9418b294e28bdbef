"""The whole of AccuNode on one machine without Docker."""
