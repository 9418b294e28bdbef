"""The demo: a portfolio of fictitious companies, the people who work with it, and their loading."""
