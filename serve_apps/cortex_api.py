"""The OpenAI-compatible HTTP API of the cortex, for people and tools.

/v1/chat/completions, /v1/models, /v1/usage with a key per identity; /health without. Source: docs/cortex.md, "The API".
"""

from dataclasses import asdict
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from nimmer.bus.identities import OPERATOR
from nimmer.config.cortex import CortexSettings
from nimmer.cortex.chat_body import BodyError, ChatBody, check
from nimmer.cortex.usage import Usage
from nimmer.engines.keeper import Keeper
from serve_apps.api_error import ApiError
from serve_apps.bounded_body import bounded_body
from serve_apps.cortex_chat import Chats
from serve_apps.keys import Keys

BESIDES_BYTES = 256 << 10
"""What a body may hold beside its text: tools, schemas, JSON's own characters."""


def api(settings: CortexSettings, keys: Keys, chats: Chats, usage: Usage, keeper: Keeper) -> FastAPI:
    """Return the app."""
    app = FastAPI(title="nimmer cortex", openapi_url=None, docs_url=None, redoc_url=None)
    most = 4 * settings.max_prompt_chars + BESIDES_BYTES
    card = {"id": settings.model, "object": "model", "created": 0, "owned_by": f"nimmer-{settings.engine}"}

    @app.post("/v1/chat/completions")
    async def complete(request: Request) -> Response:
        identity = _who(request, keys)
        try:
            chat = _checked(await _body(request, most), settings)
        except ApiError as error:
            request.state.call = chats.refused(identity, error)
            raise
        return chats.attend(identity, chat)

    @app.get("/v1/models")
    async def models(request: Request) -> Response:
        _who(request, keys)
        return _json({"object": "list", "data": [card]})

    @app.get("/v1/models/{name}")
    async def model(name: str, request: Request) -> Response:
        _who(request, keys)
        if name != settings.model:
            raise ApiError(404, f"there is no model {name[:80]!r} here", "model", "model_not_found")
        return _json(card)

    @app.get("/v1/usage")
    async def used(request: Request) -> Response:
        identity = _who(request, keys)
        shown = usage.meters if identity == OPERATOR else {identity: usage.meter(identity)}
        return _json({"object": "usage", "data": {name: asdict(one) for name, one in shown.items()}})

    @app.get("/health")
    async def health() -> Response:
        # why is for those who have a key: the engine's log may say more than a stranger should read
        state = {"ready": keeper.ready, "reason": "" if keeper.ready else "the engine is not ready"}
        return _json(state, 200 if keeper.ready else 503)

    _errors(app)
    return app


def _errors(app: FastAPI) -> None:
    """Let every error be told as OpenAI's clients read it."""

    @app.exception_handler(ApiError)
    async def told(request: Request, error: ApiError) -> Response:
        call = getattr(request.state, "call", "")
        return Response(error.body(), error.status, error.headers(call))

    @app.exception_handler(HTTPException)
    async def elsewhere(request: Request, error: HTTPException) -> Response:
        wrong = ApiError(
            error.status_code, f"{error.detail}: {request.method} {request.url.path} is not served here"
        )
        return Response(wrong.body(), wrong.status, wrong.headers(""))


def _who(request: Request, keys: Keys) -> str:
    """Return who asks. Raises ApiError 401."""
    identity = keys.identify(request.headers.get("authorization", ""))
    if identity is None:
        raise ApiError(
            401,
            "this key is nobody's: send `Authorization: Bearer KEY` with the API key of an identity of this village",
            code="invalid_api_key",
        )
    return identity


async def _body(request: Request, most: int) -> bytes:
    """Return the body. Raises ApiError 413 when it has more than `most` bytes."""
    whole = await bounded_body(request, most)
    if whole is None:
        raise ApiError(
            413,
            f"the body has more than {most} bytes, the most for cortex.max_prompt_chars: shorten it, or raise that",
            code="prompt_too_long",
        )
    return whole


def _checked(raw: bytes, settings: CortexSettings) -> ChatBody:
    """Return the checked body. Raises ApiError."""
    try:
        return check(
            msgspec.json.decode(raw), settings.model, settings.max_prompt_chars, settings.context_tokens
        )
    except (msgspec.DecodeError, RecursionError) as error:
        raise ApiError(400, f"the body is no JSON we can read: {error}") from None
    except BodyError as error:
        raise ApiError(error.status, str(error), error.param, error.code) from None


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
