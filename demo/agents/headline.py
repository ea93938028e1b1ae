"""An agent of the demonstration: makes one line of what the member of its team before it has found."""

import sys

lines = [line.strip() for line in sys.stdin if line.strip() and not line.startswith("---")]
found = [line for line in lines if line.startswith(("disk:", "memory:", "load:"))]
print("In short: " + "; ".join(found))
