"""The mechanisms and the database schema that AccuNode's services and workers share."""
