"""Who may call the routes of the portfolio."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

PortfolioReader = Annotated[Subject, Depends(requires(Permission.PORTFOLIO_READ))]
PortfolioRescorer = Annotated[Subject, Depends(requires(Permission.PORTFOLIO_RESCORE))]
PortfolioAnalyst = Annotated[Subject, Depends(requires(Permission.PORTFOLIO_ANALYSE))]
