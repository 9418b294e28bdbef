"""The course of a job as server-sent events."""
