"""`python -m lamplighter_scheduler`"""

import sys
from functools import partial

from lamplighter_runtime.service import Loops, run
from lamplighter_scheduler.app import build
from lamplighter_scheduler.settings import Settings

loops = Loops()
sys.exit(run("scheduler", Settings, partial(build, loops=loops), loops))
