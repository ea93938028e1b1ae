"""One attempt at work: its agents, what they may use, and all that is told of it.

work     the attempt, from its plan to one outcome; `teams`: its agents one after the other, at once, or led
payloads what it was started with
session  how an agent's run is told and bounded: `budget`, `journal`
scribe   its output on the way into the `logbook`: `lines`, `allowance`, `ending`
"""
