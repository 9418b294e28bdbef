"""The database: snapshots, restoring them beside it or in its place, and proving that they can be restored."""
