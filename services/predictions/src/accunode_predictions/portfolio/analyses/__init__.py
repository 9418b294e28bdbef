"""Work over the whole portfolio that the workers do: rescoring and stress runs."""
