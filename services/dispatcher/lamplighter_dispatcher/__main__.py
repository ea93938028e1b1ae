"""`python -m lamplighter_dispatcher`"""

import sys
from functools import partial

from lamplighter_dispatcher.app import build
from lamplighter_dispatcher.settings import Settings
from lamplighter_runtime.service import Loops, run

loops = Loops()
sys.exit(run("dispatcher", Settings, partial(build, loops=loops), loops))
