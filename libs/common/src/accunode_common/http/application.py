"""FastAPI with the layers around its router that are of use here, and none besides."""

from typing import Any

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp

from accunode_common.http.dispatch import Dispatch


class Application(FastAPI):
    """An application whose own middleware measures requests and answers errors that nobody foresaw.

    FastAPI's layers for that would do it a second time, and each layer costs a step on the way in and two on the way
    out. A path with a slash too many is 404: a redirect would repeat whatever the request says its host is.
    """

    def __init__(self, **options: Any) -> None:
        telemetry = {"tracing": False, "metrics": False, "logs": False}
        super().__init__(telemetry=telemetry, redirect_slashes=False, **options)  # type: ignore[arg-type]

    def build_middleware_stack(self) -> ASGIApp:
        """The layers, made when the first request comes, and with it all routes are there."""
        app: ASGIApp = AsyncExitStackMiddleware(Dispatch(self))
        app = ExceptionMiddleware(app, handlers=self.exception_handlers)
        for layer, arguments, options in reversed(self.user_middleware):
            app = layer(app, *arguments, **options)
        return app
