"""Pure scoring: ratios in; probability of default, grade and reasons out."""
