"""Prometheus metrics. Labels are bounded words: event names and streams, never ids or subjects."""

from prometheus_client import Counter, Gauge, Histogram

HANDLED = Counter(
    "lamplighter_events_handled_total", "Messages handled, by consumer and outcome", ["consumer", "outcome"]
)
BATCH_SIZE = Histogram(
    "lamplighter_batch_messages",
    "Messages handled together",
    ["consumer"],
    buckets=(1, 2, 5, 10, 50, 100, 500, 1000),
)
HANDLING_SECONDS = Histogram("lamplighter_batch_seconds", "Time to handle one batch", ["consumer"])
DEAD_LETTERS = Counter("lamplighter_dead_letters_total", "Messages set aside as poison", ["consumer"])
CONFLICTS = Counter("lamplighter_conflicts_total", "Compare-and-set writes that lost (fenced)", ["kind"])
READY = Gauge("lamplighter_ready", "1 when the service can do its work")
