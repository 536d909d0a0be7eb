"""An error as OpenAI's clients read it. Source: OpenAI's API reference, "Error codes"."""

import msgspec

_TYPES = {400: "invalid_request_error", 401: "authentication_error", 404: "invalid_request_error"}
_TYPES |= {405: "invalid_request_error", 413: "invalid_request_error", 429: "rate_limit_error"}
RETRY_S = 1
"""When to ask again after 429 or 503, seconds."""


class ApiError(Exception):
    """A request that is answered with an HTTP status and the reason."""

    def __init__(self, status: int, message: str, param: str | None = None, code: str | None = None) -> None:
        """Answer with `status`; `param` is the field at fault, `code` OpenAI's word."""
        super().__init__(message)
        self.status, self.message, self.param, self.code = status, message, param, code

    def body(self) -> bytes:
        """Return the JSON body."""
        kind = _TYPES.get(self.status, "server_error")
        error = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return msgspec.json.encode({"error": error})

    def headers(self, request_id: str) -> dict[str, str]:
        """Return the headers of the answer."""
        found = {"content-type": "application/json", "x-request-id": request_id}
        if self.status in (429, 503):
            found["retry-after"] = str(RETRY_S)
        if self.status == 401:
            found["www-authenticate"] = "Bearer"
        return found
