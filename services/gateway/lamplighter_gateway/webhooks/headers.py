"""The headers of a delivery that are kept, and that its filter sees: what producers say of it, and nothing that
proves who sent it."""

from collections.abc import Iterable

MOST_HEADERS, MOST_VALUE = 64, 1_000

_KEPT = frozenset(
    {"content-type", "user-agent", "idempotency-key", "traceparent", "x-request-id", "x-request-uuid"}
)
_KEPT_BEGINNINGS = (
    "x-github-",
    "x-gitlab-",
    "x-gitea-",
    "x-gogs-",
    "x-forgejo-",
    "x-jenkins-",
    "x-slack-",
    "x-event-",
    "x-webhook-",
    "webhook-",
    "ce-",
)
"""Of known producers, of CloudEvents, and `X-Webhook-...` for whoever writes one's own."""
_SECRET_WORDS = ("signature", "token", "secret", "auth", "cookie", "password", "session", "credential", "key")


def kept_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Names in small letters. Of a header that is there twice the last one."""
    found = {name.lower(): value[:MOST_VALUE] for name, value in headers if _is_kept(name.lower())}
    return dict(sorted(found.items())[:MOST_HEADERS])


def _is_kept(name: str) -> bool:
    if name in _KEPT:
        return True
    return name.startswith(_KEPT_BEGINNINGS) and not any(word in name for word in _SECRET_WORDS)
