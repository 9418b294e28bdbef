"""People: the caller's own profile, and those whom the caller administers."""
