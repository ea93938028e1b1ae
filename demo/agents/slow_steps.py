"""An agent that takes its time: one line for each step of its work, so that a live log has something to show."""

import sys
import time

STEPS = int(sys.argv[1])
PAUSE_SECONDS = 0.4

if __name__ == "__main__":
    for step in range(1, STEPS + 1):
        print(f"step {step} of {STEPS}", flush=True)
        time.sleep(PAUSE_SECONDS)
