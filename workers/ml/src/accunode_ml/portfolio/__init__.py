"""Jobs over a whole portfolio: rescoring and stress runs."""
