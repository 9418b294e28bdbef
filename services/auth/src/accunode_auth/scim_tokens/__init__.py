"""Bearer tokens by which a tenant's directory provisions its people."""
