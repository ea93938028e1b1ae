"""How policies and what they say read."""

from collections.abc import Iterator

from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.times import Clock

ENGINES = {"rules": "rules", "rego": "Rego", "opa": "Open Policy Agent"}
WORDS = {"allow": "allowed", "require_approval": "needs approval", "deny": "denied"}


def attachments(policy: Record) -> list[str]:
    return [
        one["kind"] if one["kind"] in ("everything", "project") else f"{one['kind']}:{one.get('id')}"
        for one in policy.get("attach") or ()
    ]


def _mode(policy: Record) -> str:
    if policy.get("active") is False:
        return "not active"
    return "dry run" if policy.get("dry_run") else "binding"


def _engine(policy: Record) -> str:
    kind = str((policy.get("engine") or {}).get("kind"))
    return ENGINES.get(kind, kind)


COLUMNS = (
    Column("ID", lambda policy, _: policy.get("id")),
    Column("NAME", lambda policy, _: policy.get("name"), flexible=True),
    Column("ENGINE", lambda policy, _: _engine(policy)),
    Column("GOVERNS", lambda policy, _: ", ".join(attachments(policy)), flexible=True),
    Column("MODE", lambda policy, _: _mode(policy)),
)


def sheet(policy: Record, clock: Clock) -> Sheet:
    engine = policy.get("engine") or {}
    yield "ID", policy.get("id")
    yield "Name", policy.get("name")
    yield "Project", policy.get("project")
    yield "Description", policy.get("description")
    yield "Governs", attachments(policy)
    yield "Mode", _mode(policy)
    yield "Engine", _engine(policy)
    yield "Rules", [_rule(rule) for rule in engine.get("rules") or ()]
    yield "Module", engine.get("module")
    yield "Address", engine.get("url")
    yield "Token", engine.get("token")
    yield "Created", clock.local(policy.get("created_at"))
    yield "Updated", clock.local(policy.get("updated_at"))
    yield "Revision", policy.get("revision")


def verdict_sheet(told: Record, clock: Clock) -> Sheet:
    verdict = told.get("verdict") or {}
    effect = str(verdict.get("effect"))
    yield "Verdict", WORDS.get(effect, effect)
    yield "Because", verdict.get("reason") or None
    yield "Said", [_said(one) for one in verdict.get("applied") or ()]
    yield "Constraints", list(_constraints(verdict.get("constraints") or {}))
    yield "Asked", ", ".join(told.get("asked") or ()) or "no policy governs it"
    yield "Took", f"{verdict.get('took_us', 0) / 1_000:.2f} ms"


def _rule(rule: Record) -> str:
    return f"{rule.get('name')}: {WORDS.get(str(rule.get('then')), 'allowed')}"


def _said(one: Record) -> str:
    rule = f" {one['rule']!r}" if one.get("rule") else ""
    message = f": {one['message']}" if one.get("message") else ""
    trial = " (dry run, does not count)" if one.get("dry_run") else ""
    return f"{one.get('policy_id')}{rule}: {one.get('effect')}{message}{trial}"


def _constraints(given: Record) -> Iterator[str]:
    for name, value in given.items():
        if value not in (None, []):
            yield f"{name}: {', '.join(value) if isinstance(value, list) else value}"
