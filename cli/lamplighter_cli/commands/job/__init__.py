"""`lamp job`: create, change, start and watch jobs."""

from lamplighter_cli.commands.job import (
    backfilling,
    catching_up,
    changing,
    foreseeing,
    pausing,
    previewing,
    reading,
    running,
    webhooks,
)
from lamplighter_cli.grammar import group

app = group(
    "Create, change, start and watch jobs. A job goes by its id, or by its name where no other has it.",
    {
        "list|ls|l": reading.list_jobs,
        "get|show|describe": reading.get_job,
        "create": changing.create_job,
        "update": changing.update_job,
        "delete|del|rm": changing.delete_job,
        "restore": changing.restore_job,
        "rotate-secret": webhooks.rotate_secret,
        "give-secret|set-secret": webhooks.give_secret,
        "take-secret": webhooks.take_secret,
        "trigger|run|execute": running.trigger_job,
        "enable": pausing.enable_job,
        "disable": pausing.disable_job,
        "pause": pausing.pause_job,
        "resume": pausing.resume_job,
        "preview|rehearse": previewing.preview_job,
        "next|upcoming": foreseeing.next_firings,
        "why|explain": foreseeing.explain,
        "catchup|catch-up": catching_up.catch_up,
        "backfill": backfilling.backfill,
        "executions|exec|runs": reading.list_executions,
        "occurrences|ledger": reading.list_occurrences,
    },
)
