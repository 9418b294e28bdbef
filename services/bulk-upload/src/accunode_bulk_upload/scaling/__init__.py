"""How the workers are scaled: what waits, what works, and what the policy decides."""
