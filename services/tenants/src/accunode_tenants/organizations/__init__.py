"""Parts of a tenant whose members share records."""
