"""Background jobs that this service hands to the workers."""
