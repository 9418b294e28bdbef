"""Tenants, organizations, members and the audit trail."""
