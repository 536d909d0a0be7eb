"""The HTTP API of the organs, for people and tools: typed routes, a key per identity, errors as JSON with the reason.

A request is the JSON of its message (`nimmer.bus.organ_messages`), or, because pictures and sound are large, the file
itself as the body, `Content-Type: image/...` or `audio/...`, with the rest in the query. Source: docs/organs.md.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from fastapi import FastAPI, Request, Response
from msgspec import Struct
from starlette.types import Send

from nimmer.bus.identities import OPERATOR
from nimmer.bus.organ_messages import (
    MOST_INLINE,
    Detections,
    DetectRequest,
    OrgansStatus,
    Payload,
    Speech,
    SynthesizeRequest,
    TranscribeRequest,
    Transcript,
)
from nimmer.errors import CardError, OrganBusyError, OrganError
from serve_apps.attended import Attended, body, start
from serve_apps.bounded_body import bounded_body
from serve_apps.keys import Keys
from serve_apps.organ_bus import R, Senses, capped

JSON_BYTES = 2 * MOST_INLINE
Q = TypeVar("Q", bound=Struct)


class Refusal(Exception):  # noqa: N818  # it is one
    """A request that is answered with an HTTP status and the reason."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        """Answer with `status`, a word for programs and a reason for people."""
        super().__init__(reason)
        self.status, self.code, self.reason = status, code, reason


def api(senses: Senses, keys: Keys, most_image: int, most_audio: int) -> FastAPI:
    """Return the app; `most_*` are the bytes of the largest file."""
    app = FastAPI(title="nimmer organs", docs_url=None, redoc_url=None)

    async def see(request: Request) -> Response:
        who = _who(request, keys)
        asked = await _asked(request, DetectRequest, "image", most_image)
        return _attended(lambda: senses.detect(_ranked(asked, who), who))

    async def hear(request: Request) -> Response:
        who = _who(request, keys)
        asked = await _asked(request, TranscribeRequest, "audio", most_audio)
        return _attended(lambda: senses.transcribe(_ranked(asked, who), who))

    async def speak(request: Request) -> Response:
        who = _who(request, keys)
        asked = await _asked(request, SynthesizeRequest, "", 0)
        return _attended(lambda: senses.synthesize(_ranked(asked, who), who))

    async def fare(request: Request) -> Response:
        _who(request, keys)
        return _json(await senses.status())

    def route(
        method: str,
        path: str,
        work: Callable[[Request], Awaitable[Response]],
        asks: type[Struct] | None,
        says: type[Struct],
    ) -> None:
        app.add_api_route(
            f"/organs/{path}",
            work,
            methods=[method],
            name=path,
            responses={200: {"description": says.__name__, "content": _content(says)}},
            openapi_extra={"requestBody": {"content": _content(asks)}} if asks else None,
        )

    route("POST", "vision/detect", see, DetectRequest, Detections)
    route("POST", "speech/transcribe", hear, TranscribeRequest, Transcript)
    route("POST", "speech/synthesize", speak, SynthesizeRequest, Speech)
    route("GET", "status", fare, None, OrgansStatus)
    _errors(app)
    return app


def _errors(app: FastAPI) -> None:
    """Let every error be told as JSON."""

    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> Response:
        return _error(error.status, error.code, error.reason)

    @app.exception_handler(OrganError)
    async def failed(request: Request, error: OrganError) -> Response:
        if isinstance(error, OrganBusyError):
            return _error(429, "busy", str(error))
        if isinstance(error, CardError):
            return _error(503, "unavailable", str(error))
        return _error(422, "refused", str(error))

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> Response:
        return _error(500, "failed", f"{type(error).__name__}: {error}"[:1000])


def _who(request: Request, keys: Keys) -> str:
    identity = keys.identify(request.headers.get("authorization", ""))
    if identity is None:
        raise Refusal(
            401,
            "key",
            "this key is nobody's: send `Authorization: Bearer KEY` with the API key of an identity of this village",
        )
    return identity


async def _asked(request: Request, kind: type[Q], file: str, most: int) -> Q:
    """Return the request, from JSON or, where `file` names the field of the file, from the file itself."""
    media = request.headers.get("content-type", "").partition("/")[0]
    try:
        if file and media == file:
            query: dict[str, Any] = dict(request.query_params)
            query[file] = Payload()
            asked = msgspec.convert(query, kind, strict=False)
            return msgspec.structs.replace(asked, **{file: Payload(data=await _body(request, most))})
        return msgspec.json.decode(await _body(request, JSON_BYTES), type=kind)
    except msgspec.MsgspecError as error:
        raise Refusal(400, "bad_message", str(error)) from None


async def _body(request: Request, most: int) -> bytes:
    whole = await bounded_body(request, most)
    if whole is None:
        raise Refusal(
            413, "too_large", f"the body has more than {most} bytes (organs.max_image_mb, organs.max_audio_s)"
        )
    return whole


def _ranked(request: R, identity: str) -> R:
    """Return `request` with the priority its asker may have: the village's own and its operator any, others the middle."""
    return request if identity == OPERATOR or identity.startswith("nyx-") else capped(request)


def _attended(work: Callable[[], Awaitable[Struct]]) -> Response:
    """Answer with what `work()` returns; it ends when its client leaves."""

    async def answer(send: Send) -> None:
        content = msgspec.json.encode(await work())
        await send(start(200, {"content-type": "application/json", "content-length": str(len(content))}))
        await send(body(content))

    return Attended(answer)


def _content(kind: type[Struct]) -> dict[str, Any]:
    return {"application/json": {"schema": msgspec.json.schema(kind)}}


def _json(value: Struct) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _error(status: int, code: str, reason: str) -> Response:
    content = msgspec.json.encode({"error": {"code": code, "reason": reason}})
    return Response(content, status, media_type="application/json")
