"""An OpenAI-compatible engine that answers the same words after the same time: python slow_engine.py PORT DELAY_S.

Behind it a road's own time can be seen, which a real engine's ups and downs hide.
"""

import asyncio
import json
import sys

from aiohttp import web

ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "nyx",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "The well is beside the red house."},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 40, "completion_tokens": 8, "total_tokens": 48},
    }
).encode()


def main() -> None:
    port, delay_s = int(sys.argv[1]), float(sys.argv[2])

    async def complete(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(delay_s)
        return web.Response(body=ANSWER, content_type="application/json")

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "nyx", "object": "model"}]})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_get("/v1/models", models)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main()
