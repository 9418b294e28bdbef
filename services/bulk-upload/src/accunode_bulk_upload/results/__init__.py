"""What became of a file's rows."""
