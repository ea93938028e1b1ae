"""HTTP to addresses that other people chose: only where network rules allow, and where that is, is looked up once.

guard      Guard: which hosts and addresses are allowed, by rules and a tool's own list
client     guarded_client, read_limited; made of
transport  connections to the address that was checked
addresses  what an address is: public, or of which closed kind
names      the one spelling of a host
errors     NotAllowed, TooLarge
"""

from .client import guarded_client, read_limited
from .errors import NotAllowed, TooLarge
from .guard import Guard, Resolve
from .transport import GuardedTransport

__all__ = ["Guard", "GuardedTransport", "NotAllowed", "Resolve", "TooLarge", "guarded_client", "read_limited"]
