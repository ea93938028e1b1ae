"""The options that say when a job is due, and what becomes of what was due and could not start."""

from lamplighter_cli.grammar import boolean
from lamplighter_cli.settings import Setting
from lamplighter_cli.values import every, moment, number, span, word

SCHEDULES = (
    Setting(
        "--schedule",
        "schedules",
        "CRON",
        "When, such as '0 9 * * *' or '@weekdays 17:00'. May be given several times.",
        several=True,
    ),
    Setting(
        "--every", "schedules", "SPAN", "Every 90s, say, or '6h from 2026-01-01 00:00'.", every, several=True
    ),
    Setting("--at", "schedules", "TIME", "Once, then. May be given several times.", moment, several=True),
)

SCHEDULE = (
    *SCHEDULES,
    Setting(
        "--seconds",
        "seconds",
        "BOOL",
        "A cron expression may have six fields, seconds first.",
        boolean,
        keeps_empty=True,
    ),
    Setting("--timezone", "timezone", "ZONE", "The schedule's time zone, such as America/New_York."),
    Setting("--starts-at", "starts_at", "TIME", "Not due before.", moment),
    Setting("--ends-at", "ends_at", "TIME", "Not due from then on.", moment),
    Setting("--max-runs", "max_runs", "N", "How often its schedule starts it at most.", number),
    Setting(
        "--exclude-date",
        "exclude_dates",
        "DATE",
        "Not on 2026-12-25, or 2026-12-24..2027-01-01. May be given several times.",
        several=True,
    ),
    Setting(
        "--blackout",
        "blackouts",
        "HOURS",
        "Not in these hours of a week, such as 'fri 18:00 - mon 06:00'. May be given several times.",
        several=True,
    ),
    Setting(
        "--calendar",
        "calendars",
        "ID",
        "Not on the days of this calendar. May be given several times.",
        several=True,
    ),
    Setting("--spread", "spread_seconds", "SPAN", "Start at the job's own place in this span.", span),
    Setting("--jitter", "jitter_seconds", "SPAN", "Start anywhere in this span, each time anew.", span),
)

OVERLAP = (
    Setting(
        "--overlap", "overlap", "WORD", "skip (the default), allow, queue-one, queue-all, replace.", word
    ),
    Setting(
        "--max-running", "max_running", "N", "How many may run at a time: 1, or any under allow.", number
    ),
    Setting("--max-queued", "max_queued", "N", "How many may wait under queue-all: 100.", number),
    Setting(
        "--concurrency-key",
        "concurrency_key",
        "PATH",
        "Count those apart that differ in this, such as payload.repository.name.",
    ),
)

MISSED = (
    Setting("--missed", "missed", "WORD", "Catch up with none, the last (the default), or all.", word),
    Setting("--missed-limit", "missed_limit", "N", "Under all: with the latest so many, 10.", number),
    Setting("--missed-window", "missed_window_seconds", "SPAN", "How late one may still start.", span),
    Setting("--missed-every", "missed_every_seconds", "SPAN", "Under all: one in each 60s.", span),
)
