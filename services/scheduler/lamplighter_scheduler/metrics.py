"""What the scheduler counts."""

from prometheus_client import Counter, Histogram

OCCURRENCES = Counter(
    "lamplighter_occurrences_total", "Occurrences decided, by outcome: due, or why not", ["outcome"]
)
LATENESS = Histogram(
    "lamplighter_scheduled_lateness_seconds",
    "From the scheduled instant of an occurrence to the decision that made it due",
    buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3_600),
)
REPAIRS = Counter("lamplighter_repairs_total", "What the reconciler found broken and repaired", ["kind"])
RECONCILE_SECONDS = Histogram(
    "lamplighter_reconcile_seconds",
    "How long it took to prove that timers and gates of all jobs are as they must be",
    buckets=(0.1, 0.5, 1, 5, 15, 30, 60, 120),
)
