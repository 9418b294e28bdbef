"""The accounts behind ratios: what a company's ratios say of its amounts, and what moves when one of them changes."""
