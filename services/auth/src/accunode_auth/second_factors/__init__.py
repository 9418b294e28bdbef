"""What all second factors have in common: who has one, who must have one, and recovery codes."""
