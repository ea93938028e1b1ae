"""`python -m lamplighter_gateway`"""

import sys
from functools import partial

from lamplighter_gateway.app import build
from lamplighter_gateway.settings import Settings
from lamplighter_runtime.service import Loops, run

loops = Loops()
sys.exit(run("gateway", Settings, partial(build, loops=loops), loops))
