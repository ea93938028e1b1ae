"""From what a request brings to who sent it: an API token, a JWT of the issuer, or the cookie of a session."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lamplighter_contracts.tokens import Token
from lamplighter_gateway.access.callers import OIDC, Caller
from lamplighter_gateway.access.endings import Endings
from lamplighter_gateway.access.oidc.issuer import Bearer, Issuer
from lamplighter_gateway.access.oidc.jwts import NotGenuine
from lamplighter_gateway.access.sessions import ID_BYTES, Session, SessionKeys
from lamplighter_gateway.access.tokens import PREFIX, has_expired, is_genuine, token_id_of
from lamplighter_gateway.access.uses import Uses
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.web.problems import Problem, unavailable


@dataclass(frozen=True)
class Identities:
    """None is the answer to all that is not genuine, whatever is wrong with it."""

    catalog: Catalog
    issuer: Issuer | None
    keys: SessionKeys
    endings: Endings
    uses: Uses
    now: Callable[[], datetime]
    most: timedelta
    """How long a session may last."""
    entropy: Callable[[int], bytes]

    async def prepare(self, text: str) -> None:
        """Before a text is judged: what has to be asked outside for that is asked now."""
        if self.issuer and not text.startswith(PREFIX):
            await self.issuer.prepare(text)

    def of_bearer(self, text: str, address: str) -> Caller | None:
        """Whose token or JWT it is. Raises `Problem`: forbidden to somebody who has no role, unavailable."""
        if self.issuer and not text.startswith(PREFIX):
            bearer = _bearer(self.issuer, text, self.now())
            return _vouched(self.issuer, bearer, address) if bearer else None
        return self._of_token(text, address)

    def begin(self, text: str, address: str) -> tuple[Session, Caller] | None:
        """A session of whoever has this token or JWT, never longer than that is good. Raises as `of_bearer`."""
        if self.issuer and not text.startswith(PREFIX):
            bearer = _bearer(self.issuer, text, self.now())
            caller = _vouched(self.issuer, bearer, address) if bearer else None
            return self._begun(caller, bearer, self.issuer.fingerprint) if caller and bearer else None
        caller = self._of_token(text, address)
        return self._begun(caller) if caller else None

    def of_session(self, cookie: str, address: str) -> Caller | None:
        """Whose session a cookie is. Raises `Problem` (unavailable) before it is known which have ended."""
        session = self.keys.read(cookie, self.now())
        if session is None:
            return None
        if problem := self.endings.problem():
            raise unavailable(f"It cannot be said whether this session is good: {problem}.")
        return None if self.endings.has(session.session_id) else self._in_session(session, address)

    def is_good(self, caller: Caller) -> bool:
        """Whether a caller who was let in a while ago would be let in now, as the same one."""
        now = self.now()
        if caller.expires_at is not None and now >= caller.expires_at:
            return False
        if self.endings.has(caller.session_id):
            return False
        if caller.actor.startswith(OIDC):
            return True
        token = self.catalog.find(Token, caller.actor)
        if token is None or has_expired(token, now):
            return False
        return (token.role, token.projects) == (caller.role, caller.projects)

    def _of_token(self, text: str, address: str) -> Caller | None:
        token_id = token_id_of(text)
        token = self.catalog.find(Token, token_id) if token_id else None
        if not is_genuine(token, text, self.now()) or token is None:
            return None
        self.uses.note(token.token_id, address)
        return Caller(token.token_id, token.name, token.role, token.projects, address, token.expires_at)

    def _begun(
        self, caller: Caller, bearer: Bearer | None = None, settings: str = ""
    ) -> tuple[Session, Caller]:
        ends = self.now() + self.most
        session = Session(
            session_id=self.entropy(ID_BYTES).hex(),
            actor=caller.actor,
            expires_at=min(ends, caller.expires_at or ends),
            name=caller.name if bearer else "",
            rules=bearer.rules if bearer else (),
            settings=settings,
        )
        return session, replace(caller, expires_at=session.expires_at, session_id=session.session_id)

    def _in_session(self, session: Session, address: str) -> Caller | None:
        """What its owner may do now, which may be less than when it began."""
        if session.actor.startswith(OIDC):
            if self.issuer is None or session.settings != self.issuer.fingerprint:
                return None
            allowed = self.issuer.allowed(session.rules)
            if allowed is None:
                return None
            named = session.actor, session.name, allowed.role, allowed.projects
        else:
            token = self.catalog.find(Token, session.actor)
            if token is None or has_expired(token, self.now()):
                return None
            self.uses.note(token.token_id, address)
            named = token.token_id, token.name, token.role, token.projects
        return Caller(*named, address, session.expires_at, session.session_id)


def _bearer(issuer: Issuer, text: str, now: datetime) -> Bearer | None:
    try:
        return issuer.bearer(text, now)
    except NotGenuine:
        return None


def _vouched(issuer: Issuer, bearer: Bearer, address: str) -> Caller:
    allowed = issuer.allowed(bearer.rules)
    if allowed is None:
        detail = "You are known, but nothing that the identity provider says of you gives you a role here."
        raise Problem("forbidden", detail)
    return Caller(OIDC + bearer.subject, bearer.name, allowed.role, allowed.projects, address, bearer.ends_at)
