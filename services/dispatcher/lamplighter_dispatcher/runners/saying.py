"""What an executor on the bus says, read: a message of its kind, or what is wrong with it. Pure."""

from pydantic import ValidationError

from lamplighter_contracts.executors import Log, Progress, Result
from lamplighter_dispatcher.runners.progress import MOST_USED, is_sane

MESSAGE_LIMIT = 256 * 1024
"""Bytes of one message."""
RESULT_LIMIT = 64 * 1024
"""Characters of a result that are kept."""

_MODELS: dict[str, type[Progress | Log | Result]] = {"progress": Progress, "log": Log, "result": Result}


def read_message(kind: str, data: bytes) -> Progress | Log | Result | str:
    """`kind` is the last part of its subject. What is wrong is a sentence for whoever writes executors."""
    model = _MODELS.get(kind)
    if model is None:
        return (
            f"There is nothing to say on '.{kind}': it is one of {', '.join(f'.{name}' for name in _MODELS)}."
        )
    if len(data) > MESSAGE_LIMIT:
        return f"The message on '.{kind}' has {len(data):,} bytes; at most {MESSAGE_LIMIT:,} are read."
    if model is Progress and not data:
        return Progress()
    try:
        said = model.model_validate_json(data)
    except ValidationError as wrong:
        return f"The message on '.{kind}' makes no sense: {_first(wrong)}."
    if not isinstance(said, Log) and not is_sane(said.usage):
        return f"The message on '.{kind}' makes no sense: no run uses more than {MOST_USED:,} of anything."
    return said


def _first(wrong: ValidationError) -> str:
    fault = wrong.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}" if place else fault["msg"]
