"""Lists of predictions as files."""
