"""That this dispatcher is there, whether it takes work, and which environments are ready.

presence    what it tells the others; `draining`: whether it takes more
inspection  the checks of environments in their intervals: `readiness`, `probes`, `board`
"""
