"""Runs executions: claims them, runs their agent, streams their log, ends each exactly once.

Consumes   `job.due.<queue>.*`; requests on `control.cancel`; `control.stop.*` from all dispatchers
Decides    whose attempt it is (`claims`), who does it (`plans`), how it went (`outcomes`), a cancel (`cancels`)
Emits      `execution.<id>.status` by compare-and-set, `execution.<id>.step`, `log.<id>`, `control.stop.<id>`
Stores     nothing: a folder for each run of a command, removed after it

Reading order: `intake`, `dispatcher`, `execution`, `work`, `runners`, `scribe`, `logbook`; beside them `watch` (the
lease), `handlers` and `cancelling`.
"""
