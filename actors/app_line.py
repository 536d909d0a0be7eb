"""A line to a Serve app: its handle, found by name when it is needed, and found anew when the app was revived.

Serve is imported when the line is first used: its import is a second and its lookup a call to Serve's controller, which
blocks, so both are done beside the event loop. Source: docs/domain.md section 9 (an actor reaches an app by its handle).
"""

import asyncio
from typing import Any

import ray

from nimmer.errors import NimmerError

STATUS_S = 1.0
"""How long an app may take to say how it fares."""


class AppLine:
    """The line to one app."""

    def __init__(self, app: str, gone: type[NimmerError]) -> None:
        """Lead to the app called `app`; nothing is looked up yet. gone: what is raised when it does not answer."""
        self.app = app
        self._gone = gone
        self._handle: Any = None

    async def call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401  whatever the app returns
        """Return what `method` of the app answers.

        Raises what the app raised on purpose, any NimmerError, and `gone` when there is no answer.
        """
        serve_error = await asyncio.to_thread(_serve_error)
        try:
            if self._handle is None:
                self._handle = await asyncio.to_thread(self._find)
            return await getattr(self._handle, method).remote(*arguments)
        except (ray.exceptions.RayError, RuntimeError, serve_error) as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, NimmerError):
                raise cause from None
            self._handle = None
            raise self._gone(f"{self.app} does not answer: {type(error).__name__}: {error}"[:500]) from error

    async def status(self, within_s: float = STATUS_S) -> Any:  # noqa: ANN401  the app's own status
        """Return how the app fares, None when it does not say in time."""
        try:
            return await asyncio.wait_for(self.call("status"), within_s)
        except (TimeoutError, NimmerError):
            return None

    def _find(self) -> Any:  # noqa: ANN401  a Serve handle
        from ray import serve
        from ray.serve.exceptions import RayServeException

        try:
            return serve.get_app_handle(self.app)
        except RayServeException as error:
            raise self._gone(f"there is no app {self.app} now: {error}"[:500]) from error


def _serve_error() -> type[Exception]:
    """Return what Serve's errors are; beside the loop, for its first import takes a second."""
    from ray.serve.exceptions import RayServeException

    return RayServeException
