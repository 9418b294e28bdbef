"""What would be if: a company with other ratios or amounts, and its way to a better grade."""
