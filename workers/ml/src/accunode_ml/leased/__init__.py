"""Work under a lease: one loop for whatever a worker leases, a chunk, a file or a whole job."""
