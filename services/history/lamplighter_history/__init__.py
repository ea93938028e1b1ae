"""The history service: the memory of what happened.

Consumes  `job.>`, `execution.>`, `log.>`, `$KV.catalog.>`, and questions on `query.>`
Decides   the fold: from events in any order and however often they come, to documents that are always the same
Emits     answers
Stores    in MongoDB: `executions`, `execution_logs`, `occurrences`, `backfills`, `audit`. Acknowledged once it is there
"""
