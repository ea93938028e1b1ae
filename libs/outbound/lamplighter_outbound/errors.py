"""Why a request did not go out, or its answer was not read."""

import httpx2


class NotAllowed(httpx2.TransportError):
    """The network rules forbid the request. The message says which host, which rule, and what to do."""


class TooLarge(httpx2.TransportError):
    """The answer is larger than whoever asked takes."""
