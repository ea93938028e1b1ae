"""Why a model did not answer: whether it refuses, or cannot be reached, and what it said. Pure."""

from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError

from lamplighter_contracts.reasons import Failed

_WORDS = 400


class NoAnswer(Exception):
    """`again`: another try may help."""

    def __init__(
        self, reason: Failed, detail: str, *, again: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.again, self.retry_after = reason, detail, again, retry_after


def no_answer(model: str, error: Exception, *, begun: bool) -> NoAnswer:
    """`begun`: a part of the answer had come. That much was said, so it is not asked for once more."""
    status = error.status_code if isinstance(error, ModelHTTPError) else None
    said = _said(error)
    if status is None:
        how = "broke off its answer" if begun else "cannot be reached"
        return NoAnswer(Failed.UNAVAILABLE, f"The model {model!r} {how}: {said}.", again=not begun)
    if status == 429 or status >= 500 or status in (408, 409):
        after = error.retry_after if isinstance(error, ModelAPIError) else None
        detail = f"The model {model!r} is not available (status {status}): {said}."
        return NoAnswer(Failed.UNAVAILABLE, detail, again=not begun, retry_after=after)
    return NoAnswer(Failed.REFUSED, f"The model {model!r} refuses (status {status}): {said}.")


def _said(error: Exception) -> str:
    """The provider's own words, where there are any."""
    body = getattr(error, "body", None)
    words = _words(body) or (str(error) if not isinstance(error, ModelHTTPError) else "") or _cause(error)
    return " ".join(words.split())[:_WORDS].rstrip(".")


def _words(body: object) -> str:
    if isinstance(body, str):
        return body
    if not isinstance(body, dict):
        return ""
    inner = body.get("error")
    return _words(inner) or str(body.get("message") or "")


def _cause(error: Exception) -> str:
    return str(error.__cause__ or type(error).__name__)
