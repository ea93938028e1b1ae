"""What is wrong with a policy, field by field, before it is kept."""

from collections.abc import Iterable, Iterator, Mapping
from time import perf_counter
from typing import Any, assert_never, get_args

from pydantic import BaseModel, ValidationError

from lamplighter_contracts.policies import BuiltInRules, Opa, PolicyInput, PolicySpec, Rego
from lamplighter_contracts.problems import FieldError, InvalidInput, located
from lamplighter_policies.modules import Reference
from lamplighter_policies.opinions import PolicyFailed
from lamplighter_policies.rego import Compiled
from lamplighter_policies.samples import samples
from lamplighter_schedules import ScheduleError, parse_blackout
from lamplighter_schedules.zones import read_zone

MOST_SECONDS = 0.1
"""The longest that one decision of a module may take. It holds up everything else in its process."""


def read_policy(fields: Mapping[str, Any]) -> PolicySpec:
    """Strict: a field that is not known might have been the condition of a rule, and it would hold without it.

    Raises InvalidInput.
    """
    try:
        return PolicySpec.model_validate(fields, extra="forbid")
    except ValidationError as invalid:
        errors = [_placed(place, error) for place, error in located(invalid)]
        raise InvalidInput(list(_causes(errors))) from invalid


def check_policy(spec: PolicySpec) -> list[FieldError]:
    """Compiles Rego and tries it, which takes as long as the module wants: bound it where the module is a stranger's.

    Places are such as `engine.rules.0.when.during.1`.
    """
    match spec.engine:
        case BuiltInRules():
            return list(_check_rules(spec.engine))
        case Rego():
            return list(_check_rego(spec.engine))
        case Opa():
            return []
        case _:
            assert_never(spec.engine)


def _placed(place: tuple[int | str, ...], error: FieldError) -> FieldError:
    """The kind of an engine stands in pydantic's places, and in nobody's file."""
    match place:
        case ("engine", _, *inside):
            return error.model_copy(update={"field": ".".join(map(str, ("engine", *inside)))})
        case _:
            return error


def _causes(errors: list[FieldError]) -> Iterator[FieldError]:
    """Without those of a list that is wrong only because one in it is."""
    for error in errors:
        if not any(other.field.startswith(f"{error.field}.") for other in errors):
            yield error


def _check_rules(engine: BuiltInRules) -> Iterator[FieldError]:
    for number, rule in enumerate(engine.rules):
        place = f"engine.rules.{number}.when"
        yield from _check_reading(f"{place}.timezone", read_zone, rule.when.timezone)
        for field, periods in (("during", rule.when.during), ("outside", rule.when.outside)):
            for index, period in enumerate(periods):
                yield from _check_reading(f"{place}.{field}.{index}", parse_blackout, period)


def _check_reading(place: str, read: Any, text: str) -> Iterator[FieldError]:
    try:
        read(text)
    except ScheduleError as wrong:
        yield FieldError(field=place, problem=wrong.problem)


def _check_rego(engine: Rego) -> Iterator[FieldError]:
    try:
        compiled = Compiled(engine)
    except PolicyFailed as failed:
        yield FieldError(field="engine.module", problem=str(failed))
        return
    strange = [_unknown(one) for one in compiled.module.references if one.kind == "read"]
    if found := list(dict.fromkeys(problem for problem in strange if problem)):
        yield from (FieldError(field="engine.module", problem=problem) for problem in found)
        return
    yield from _try(compiled)


def _try(compiled: Compiled) -> Iterator[FieldError]:
    for what, document in samples():
        began = perf_counter()
        try:
            compiled.ask(document)
        except PolicyFailed as failed:
            yield FieldError(field="engine.module", problem=f"fails for {what}: {failed}")
            return
        took = perf_counter() - began
        if took > MOST_SECONDS:
            problem = f"takes {took * 1_000:.0f} ms for {what}; it may take {MOST_SECONDS * 1_000:.0f} ms"
            yield FieldError(field="engine.module", problem=problem)
            return


def _unknown(reference: Reference) -> str:
    """What is wrong with a field of the input that is read; nothing for one that it has.

    What is not there is undefined, and a rule that asks for it would never hold.
    """
    model: Any = PolicyInput
    for depth, part in enumerate(reference.parts[1:], 1):
        if model is None:
            return ""
        if part not in model.model_fields:
            known = ", ".join(model.model_fields)
            name = ".".join(reference.parts[:depth])
            return f"line {reference.line}: {name} has no {part!r}; it has {known}"
        model = _model_in(model.model_fields[part].annotation)
    return ""


def _model_in(annotation: Any) -> type[BaseModel] | None:
    options: Iterable[Any] = (annotation, *get_args(annotation))
    return next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)
