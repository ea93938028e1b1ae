"""What a dispatcher counts. Labels are bounded words, never ids."""

from prometheus_client import Counter, Gauge, Histogram

SLOTS = Gauge("lamplighter_dispatcher_slots", "Executions that this dispatcher may run at once")
SLOTS_IN_USE = Gauge("lamplighter_dispatcher_slots_in_use", "Executions that this dispatcher runs now")
EXECUTIONS = Counter(
    "lamplighter_executions_total", "Executions that this dispatcher ended", ["outcome", "reason"]
)
FENCED = Counter(
    "lamplighter_executions_fenced_total",
    "Executions whose end this dispatcher was not allowed to write: another holds them, or holds them by now",
)
HANDED_BACK = Counter("lamplighter_executions_handed_back_total", "Executions given to the next at shutdown")
PARKED = Counter("lamplighter_executions_parked_total", "Executions that were parked to wait for an approval")
RETRIED = Counter("lamplighter_executions_retried_total", "Attempts that failed and are followed by another")
REPEATED = Counter("lamplighter_executions_repeated_total", "Attempts that follow the death of a worker")
START_DELAY = Histogram(
    "lamplighter_execution_start_delay_seconds",
    "From the decision that an execution is due to its claim",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 10, 30, 60, 300),
)
LOG_LEFT_OUT = Counter("lamplighter_log_lines_left_out_total", "Lines that a limit kept out of the log")
LOG_LOST = Counter("lamplighter_log_lines_lost_total", "Lines that could not be stored in time")

MOST_LETTERS = 32


def word(reason: str) -> str:
    """A reason as a label: a runner from outside may say anything."""
    letters = reason.replace("_", "").replace(": ", "")
    return reason if len(reason) <= MOST_LETTERS and (letters.isalpha() or not letters) else "other"
