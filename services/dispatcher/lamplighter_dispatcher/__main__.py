import sys

from lamplighter_dispatcher.app import build
from lamplighter_dispatcher.settings import Settings
from lamplighter_runtime.service import Loops, run

loops = Loops()
sys.exit(run("dispatcher", Settings, lambda settings: build(settings, loops), loops))
