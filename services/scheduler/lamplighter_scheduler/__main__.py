"""`python -m lamplighter_scheduler`"""

import sys

from lamplighter_runtime.service import Loops, run
from lamplighter_scheduler.app import build
from lamplighter_scheduler.settings import SchedulerSettings

loops = Loops()
sys.exit(run("scheduler", SchedulerSettings, lambda settings: build(settings, loops), loops))
