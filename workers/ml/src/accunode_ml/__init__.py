"""Background work: ingest, score, finish; the relay; model training."""
