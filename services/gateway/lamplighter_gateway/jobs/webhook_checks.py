"""What is wrong with the expressions of a job's webhook."""

from collections.abc import Iterator

from lamplighter_contracts.problems import FieldError
from lamplighter_gateway.jobs.schema import example_of
from lamplighter_gateway.jobs.wanted import Wanted


def check_webhook(wanted: Wanted, before: Wanted) -> Iterator[FieldError]:
    """An expression that is there already was right when it was saved."""
    for field in ("webhook_filter", "webhook_gather_by"):
        expression = getattr(wanted, field)
        if expression and expression != getattr(before, field) and (problem := _problem(expression)):
            yield FieldError(field=field, problem=f"{problem}, such as {example_of(field)}")


def _problem(expression: str) -> str | None:
    # The engine brings a good deal along: it is loaded where somebody has an expression.
    from lamplighter_gateway.webhooks.expressions import problem_of

    return problem_of(expression)
