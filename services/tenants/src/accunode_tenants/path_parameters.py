"""Identifiers in the service's paths."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

TenantPath = Annotated[UUID, Path(description="A tenant in the caller's reach.")]
OrganizationPath = Annotated[UUID, Path(description="An organization in the caller's reach.")]
