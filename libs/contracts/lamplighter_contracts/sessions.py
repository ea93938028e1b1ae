"""Browser sessions that were ended before their time. The others are in no place but their cookie."""

from lamplighter_contracts.fields import Instant, Model, Slug


class SessionEnded(Model):
    """Kept at `sessions.<id>` for as long as a copy of the cookie would still be good."""

    session_id: Slug
    until: Instant
