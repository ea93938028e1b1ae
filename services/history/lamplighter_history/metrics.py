"""What only history counts."""

from prometheus_client import Histogram

LAG_SECONDS = Histogram(
    "lamplighter_history_lag_seconds",
    "From when the stream took an event to when it was durable in MongoDB: the oldest of each batch",
    ["consumer"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600),
)
QUERY_SECONDS = Histogram(
    "lamplighter_history_query_seconds", "Time to answer, by query and outcome", ["query", "outcome"]
)
