"""Join tokens, and joining with one."""
