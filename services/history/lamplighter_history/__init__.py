"""The history service: the memory of what happened.

Consumes  `job.>`, `trigger.job.>`, `delivery.>`, `execution.>`, `log.>`, `$KV.catalog.>`, `audit.>`,
          and questions on `query.>`
Decides   the fold: from events in any order and however often they come, to documents that are always the same
Emits     answers, and where the chain of the audit ends
Stores    in MongoDB: `executions`, `execution_logs`, `occurrences`, `backfills`, `deliveries`, `delivery_bodies`,
          `audit_chain`. Acknowledged once it is there
"""
