"""Decides when a job fires.

Consumes  catalog changes of jobs, ticks of the timers, triggers, ends of gated executions
Decides   which occurrences are due, which are skipped and why, when the next timer is
Emits     `job.due`, `job.skipped`, the mark of a decided trigger, timers
Stores    `gate.<job>`: the cursor and what runs, by compare-and-set in the batch with what it admits

Reading order: `agenda` and `decisions` (pure), `records` (decision -> messages), `states` and `parked`, `firings`,
`timers` (NATS), `invariants` and `reconciler` (repair), `handlers`, `app`.
"""
