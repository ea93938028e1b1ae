"""Runs executions: decides who does the work and whether they may, claims them, runs them, ends each exactly once.

Consumes   `job.due.<queue>.*`, `resume.<queue>.*`; requests on `control.cancel`, `control.answer`, `control.drain.*`;
           `control.stop.*` and `control.seat.>` from all dispatchers; agents, environments and policies of the catalog
Decides    who does it, where, with what (`admission`), whose attempt it is (`claims`), how it went (`outcomes`),
           whether it is tried again (`retries`), what a cancel (`cancels`) and a person's word (`answers`) do
Emits      `execution.<id>.status` by compare-and-set, `.step`, `.decided`, `.effects`, `.parked.*`;
           `resume.<queue>.<id>`, `seats.>`, `presence.>`, `log.<id>`, `control.stop.<id>`; `executor.<name>.offer`
Stores     nothing: a folder for each run of a command, removed after it

Reading order: `intake`, `dispatcher`, `execution`, then `admission`, `attempt` and `runners`; beside them `watch` (the
lease), `handlers` with `cancelling` and `answering`, and `presence`.
"""
