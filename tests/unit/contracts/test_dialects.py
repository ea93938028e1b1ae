"""Both wire shapes read to one job and are rendered from one."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lamplighter_contracts.dialects import change_job, parse_job, render_job
from lamplighter_contracts.jobs import (
    AgentExecutor,
    Job,
    Producer,
    ScheduleTrigger,
    SmartExecutor,
    TeamExecutor,
    WebhookTrigger,
)
from lamplighter_contracts.problems import InvalidInput
from lamplighter_contracts.timing import Overlap

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

FLAT: dict[str, Any] = {
    "name": "daily-report",
    "prompt": "Generate daily report",
    "agent_id": "reporter",
    "schedule": "0 9 * * *",
    "timezone": "Europe/Berlin",
    "timeout_seconds": 60,
    "variables": {"A": "1"},
}
SERVER: dict[str, Any] = {
    "name": "daily-report",
    "prompt_template": "Generate daily report",
    "planning_mode": "predefined_agent",
    "entity_type": "agent",
    "entity_id": "reporter",
    "trigger_type": "cron",
    "cron_schedule": "0 9 * * *",
    "cron_timezone": "Europe/Berlin",
    "executor_type": "auto",
    "config": {"timeout": 60},
    "execution_environment": {"env_vars": {"A": "1"}},
}


def job(**changes: Any) -> Job:
    spec = parse_job({**FLAT, **changes})
    return Job(
        **dict(spec),
        job_id="daily-report-7f3a",
        created_at=NOON,
        updated_at=NOON,
        scheduled_from=NOON,
        revision=7,
    )


def test_both_shapes_are_one_job() -> None:
    assert parse_job(FLAT) == parse_job(SERVER)


@pytest.mark.parametrize("body", [FLAT, SERVER])
def test_what_is_rendered_reads_back_as_the_same_job(body: dict[str, Any]) -> None:
    made = job()
    named = parse_job({**body, "environment": "default", "environment_name": "default"})
    assert parse_job(render_job(made)) == named, "an environment that is written down is named"
    assert change_job(made, render_job(made)) == parse_job(body)


def test_the_answer_of_a_job_that_starts_by_hand_can_be_sent_back() -> None:
    made = job(schedule=None)
    assert change_job(made, render_job(made)) == parse_job({**FLAT, "schedule": None})


def test_an_answer_carries_both_spellings() -> None:
    wire = render_job(job())
    assert (wire["schedule"], wire["cron_schedule"]) == ("0 9 * * *", "0 9 * * *")
    assert (wire["timezone"], wire["cron_timezone"]) == ("Europe/Berlin", "Europe/Berlin")
    assert (wire["prompt"], wire["prompt_template"]) == ("Generate daily report", "Generate daily report")
    assert (wire["agent_id"], wire["planning_mode"], wire["entity_id"]) == (
        "reporter",
        "predefined_agent",
        "reporter",
    )
    assert wire["trigger_type"] == "cron"
    assert wire["revision"] == 7


@pytest.mark.parametrize(
    ("who", "executor"),
    [
        ({"agent_id": "a"}, AgentExecutor(agent_id="a")),
        ({"team_id": "t"}, TeamExecutor(team_id="t")),
        ({"smart": True}, SmartExecutor()),
        ({"planning_mode": "predefined_team", "entity_id": "t"}, TeamExecutor(team_id="t")),
        ({"planning_mode": "on_the_fly"}, SmartExecutor()),
        (
            {"smart": True, "capabilities": ["mail"], "fallback_agent_id": "a"},
            SmartExecutor(capabilities=("mail",), fallback="a"),
        ),
        ({"entity_type": "team", "entity_id": "t"}, TeamExecutor(team_id="t")),
    ],
)
def test_either_shape_names_the_executor(who: dict[str, Any], executor: object) -> None:
    assert parse_job({"name": "n", "prompt": "p", **who}).executor == executor


def test_a_job_may_have_several_triggers() -> None:
    spec = parse_job(
        {**FLAT, "schedule": None, "schedules": ["@daily", "@hourly"], "webhook_path": "/deploy"}
    )
    assert spec.triggers == (
        ScheduleTrigger(schedule="@daily"),
        ScheduleTrigger(schedule="@hourly"),
        WebhookTrigger(path="/deploy"),
    )


def test_naming_another_executor_replaces_the_first() -> None:
    assert change_job(job(), {"team_id": "crew"}).executor == TeamExecutor(team_id="crew")


def test_what_a_smart_job_wishes_changes_by_itself_and_goes_with_it() -> None:
    smart = change_job(job(), {"smart": True, "capabilities": ["mail"], "fallback_agent_id": "reporter"})
    other = change_job(smart, {"capabilities": ["chat"]})
    assert other.executor == SmartExecutor(capabilities=("chat",), fallback="reporter")
    assert change_job(other, {"smart": True, "fallback_agent_id": None}).executor == SmartExecutor(
        capabilities=("chat",)
    )
    assert change_job(other, {"agent_id": "reporter"}).executor == AgentExecutor(agent_id="reporter")


def test_retries_and_secrets_have_both_spellings() -> None:
    server = {
        "config": {"timeout": 60, "retry_policy": {"max_attempts": 5, "backoff": 2}},
        "execution_environment": {"env_vars": {"A": "1"}, "secrets": ["TOKEN"]},
    }
    flat = {"retry_attempts": 5, "retry_first_seconds": 2, "secrets": ["TOKEN"]}
    assert parse_job({**SERVER, **server}) == parse_job({**FLAT, **flat})
    wire = render_job(job(**flat))
    assert wire["config"]["retry_policy"] == {"max_attempts": 5, "backoff": 2}
    assert wire["execution_environment"]["secrets"] == ["TOKEN"]
    assert parse_job({**FLAT, "config": {"retry_policy": {"max_attempts": 0}}}).retry.attempts == 1


def test_an_environment_is_inherited_until_somebody_names_one() -> None:
    made = job().model_copy(update={"environment": "lab"})
    assert (made.inherits_environment, render_job(made)["environment"]) == (True, "lab")
    assert change_job(made, {"name": "other"}).inherits_environment
    assert change_job(made, render_job(made)).inherits_environment, "a whole answer that is sent back"
    assert not change_job(made, {"environment": "lab"}).inherits_environment
    named = change_job(made, {**render_job(made), "environment": "moon", "environment_name": "moon"})
    assert (named.environment, named.inherits_environment) == ("moon", False)
    assert change_job(named, {"environment": None}).inherits_environment


def test_null_removes_a_trigger() -> None:
    assert change_job(job(), {"schedule": None}).triggers == ()


def test_a_webhook_that_stays_keeps_its_secret() -> None:
    spec = parse_job({**FLAT, "webhook_path": "/a"})
    turned = spec.model_copy(update={"triggers": (WebhookTrigger(path="/a", secret_generation=3),)})
    assert change_job(turned, {"name": "other"}).webhook == WebhookTrigger(path="/a", secret_generation=3)
    assert change_job(turned, {"webhook_path": "/b"}).webhook == WebhookTrigger(
        path="/b", secret_generation=1
    )


WEBHOOK: dict[str, Any] = {
    "webhook_path": "/a",
    "webhook_producer": "github",
    "webhook_events": ["push"],
    "webhook_filter": "true",
    "webhook_gather_seconds": 60,
    "webhook_gather_by": "payload.ref",
    "webhook_rate_per_minute": 600,
}


def test_all_of_a_webhook_is_read_and_kept_by_a_change() -> None:
    spec = parse_job({**FLAT, **WEBHOOK})
    assert spec.webhook
    assert spec.webhook == WebhookTrigger(
        path="/a",
        producer=Producer.GITHUB,
        events=("push",),
        filter="true",
        gather_seconds=60,
        gather_by="payload.ref",
        rate_per_minute=600,
    )
    assert change_job(spec, {"name": "other"}).webhook == spec.webhook
    without = change_job(spec, {"webhook_filter": None, "webhook_events": [], "webhook_gather_seconds": 90})
    assert without.webhook == spec.webhook.model_copy(
        update={"filter": "", "events": (), "gather_seconds": 90}
    )
    assert change_job(spec, {"webhook_path": None}).webhook is None


def test_a_change_of_what_a_webhook_takes_keeps_its_secrets() -> None:
    spec = parse_job({**FLAT, **WEBHOOK})
    assert spec.webhook
    secrets = {"secret_generation": 7, "previous_generation": 3, "previous_until": NOON}
    turned = spec.model_copy(update={"triggers": (spec.webhook.model_copy(update=secrets),)})
    changed = change_job(turned, {"webhook_filter": "false"}).webhook
    assert changed == spec.webhook.model_copy(update={**secrets, "filter": "false"})


@pytest.mark.parametrize("field", sorted(WEBHOOK.keys() - {"webhook_path"}))
def test_what_is_said_of_no_webhook_is_refused(field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_job({**FLAT, "schedule": "@daily", "webhook_path": None, field: WEBHOOK[field]})
    assert [(error.field, "needs a webhook" in error.problem) for error in refused.value.errors] == [
        (field, True)
    ]


def test_what_is_not_said_has_the_default_that_the_evidence_supports() -> None:
    spec = parse_job({"name": "n", "prompt": "p", "agent_id": "a"})
    assert (spec.concurrency.overlap, spec.limits.timeout_seconds, spec.timezone) == (
        Overlap.SKIP,
        1_800,
        "UTC",
    )


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"name": " "}, "name", "must not be empty"),
        ({"name": None}, "name", "is missing"),
        ({"prompt": " \n"}, "prompt", "must not be empty"),
        ({"agent_id": None}, "agent_id", "name an agent (agent_id) or a team (team_id)"),
        ({"team_id": "t"}, "team_id", "choose one"),
        ({"agent_id": "Not A Slug"}, "agent_id", "small letters, digits"),
        ({"webhook_path": "no-slash"}, "webhook_path", "such as '/deploy-trigger'"),
        ({"webhook_path": "/a b"}, "webhook_path", "such as '/deploy-trigger'"),
        ({"webhook_path": "/a/../b"}, "webhook_path", "such as '/deploy-trigger'"),
        ({"variables": {f"V{n}": "x" * 1_000 for n in range(200)}}, "variables", "a job may have 131,072"),
        ({"timeout_seconds": 0}, "timeout_seconds", "greater than or equal to 1"),
        ({"overlap": "sometimes"}, "overlap", "'skip', 'allow'"),
        ({"variables": {"1A": "x"}}, "variables.1A", "variable's name"),
        ({"schedul": "@daily"}, "schedul", "did you mean 'schedule'?"),
        ({"schedule": 5}, "schedule", "such as '0 9 * * *'"),
        ({"cron_schedule": "@daily"}, "cron_schedule", "but 'schedule' says"),
        ({"planning_mode": "chaos"}, "planning_mode", "allowed are predefined_agent"),
        ({"trigger_type": "webhook"}, "trigger_type", "no 'webhook_path'"),
        ({"executor_type": "specific_queue"}, "executor_type", "name an environment"),
        (
            {"config": {"retry_policy": {"max_tries": 3}}},
            "config.retry_policy.max_tries",
            "known are backoff",
        ),
        ({"config": {"retry_policy": 3}}, "config.retry_policy", "must be an object"),
        ({"retry_on": ["sometimes"]}, "retry_on", "'exit_code'"),
        ({"retry_attempts": 0}, "retry_attempts", "greater than or equal to 1"),
        ({"approval_wait_seconds": 1}, "approval_wait_seconds", "greater than or equal to 5"),
        ({"max_cost": 0}, "max_cost", "greater than 0"),
        ({"secrets": ["A B"]}, "secrets.0", "variable's name"),
        ({"capabilities": ["mail"]}, "capabilities", "only for a smart job"),
        ({"fallback_agent_id": "other"}, "fallback_agent_id", "only for a smart job"),
        ({"agent_id": None, "smart": "yes"}, "smart", "true or false"),
        ({"agent_id": None, "smart": True, "fallback_agent_id": "A B"}, "fallback_agent_id", "small letters"),
        ({"agent_id": None, "smart": True, "capabilities": [""]}, "capabilities.0", "must not be empty"),
        ({"config": {"speed": 3}}, "config.speed", "known are"),
        (
            {"execution_environment": {"mcp_servers": ["s"]}},
            "execution_environment.mcp_servers",
            "among the tools of an agent",
        ),
    ],
)
def test_a_wrong_field_is_named_with_what_is_allowed(change: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_job({**FLAT, **change})

    problems = {error.field: error.problem for error in refused.value.errors}
    assert says in problems[field]


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_job({"name": "", "prompt": "", "webhook_path": "x", "timeout_seconds": -1})
    assert {e.field for e in refused.value.errors} == {
        "name",
        "prompt",
        "webhook_path",
        "timeout_seconds",
        "agent_id",
    }
