"""Uploads, jobs and their results."""
