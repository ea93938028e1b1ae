"""`python -m lamplighter_gateway` runs the gateway until it is told to stop."""

import sys
from functools import partial

from lamplighter_gateway.app import build
from lamplighter_gateway.settings import GatewaySettings
from lamplighter_runtime.service import Loops, run

if __name__ == "__main__":
    loops = Loops()
    sys.exit(run("gateway", GatewaySettings, partial(build, loops=loops), loops))
