"""The body of a request, when it is not too large.

Source: docs/cortex.md, "The API"; docs/organs.md, "Asking".
"""

from fastapi import Request

DISCARDED_BYTES = 64 << 20
"""So much of a body that is too large is still read, so that its sender hears why it is refused."""


async def bounded_body(request: Request, most: int) -> bytes | None:
    """Return the body, None when it has more than `most` bytes; of such a body nothing is kept."""
    whole = bytearray()
    read = 0
    async for piece in request.stream():
        read += len(piece)
        if read <= most:
            whole += piece
        elif read > most + DISCARDED_BYTES:
            break
    return None if read > most else bytes(whole)
