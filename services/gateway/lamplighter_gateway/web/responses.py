"""An answer as Litestar sends it: JSON that was made here, so that its shape is ours to the letter."""

import json
from collections.abc import Mapping
from typing import Any

from litestar import Response

Answer = Response[bytes]


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status_code=status, media_type="application/json", headers=dict(headers or {}))
