"""Routes open to anybody: each counts the client's address, in a class of its own."""

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency

from accunode_auth.limits import LimitClass, limit
from accunode_auth.resources import AppResources
from accunode_common.http.limits import limit_address


def public_route(of: LimitClass) -> Dependency:
    """The dependency that counts the client's address in the class."""

    async def count(request: Request, app: AppResources) -> None:
        await limit_address(request, limit(app.settings.anonymous, of))

    dependency: Dependency = Depends(count)
    return dependency


PublicRoute = public_route(LimitClass.ACCOUNT)
SignInRoute = public_route(LimitClass.SIGN_IN)
RefreshRoute = public_route(LimitClass.REFRESH)
KeyExchangeRoute = public_route(LimitClass.KEY_EXCHANGE)
ProvisioningRoute = public_route(LimitClass.PROVISIONING)
