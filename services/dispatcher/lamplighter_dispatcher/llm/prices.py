"""What a request to a model used, and what that costs. Pure."""

from lamplighter_contracts.runners import LlmRunner
from lamplighter_contracts.usage import Usage

_MILLION = 1_000_000
_CHARACTERS_A_TOKEN = 4


def priced(settings: LlmRunner, input_tokens: int, output_tokens: int) -> Usage:
    """One request."""
    cost = (input_tokens * settings.input_price + output_tokens * settings.output_price) / _MILLION
    return Usage(input_tokens=input_tokens, output_tokens=output_tokens, requests=1, cost=cost)


def guessed(characters: int) -> int:
    """Tokens, where the server does not say how many: a limit must hold there too. Rounded up."""
    return -(-characters // _CHARACTERS_A_TOKEN)
