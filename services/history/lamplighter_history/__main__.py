"""`python -m lamplighter_history`"""

import sys
from functools import partial

from lamplighter_history.app import build
from lamplighter_history.settings import Settings
from lamplighter_runtime.service import Loops, run

loops = Loops()
sys.exit(run("history", Settings, partial(build, loops=loops), loops))
