"""The caller's portfolio: the newest prediction of each company, and how it moves."""
