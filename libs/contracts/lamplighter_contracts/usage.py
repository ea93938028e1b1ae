"""What a run used: tokens, requests, tool calls, money."""

from typing import Annotated

from pydantic import Field

from lamplighter_contracts.fields import Model


class Usage(Model):
    """What was used, as far as is known. Of several reports the sums count."""

    input_tokens: Annotated[int, Field(ge=0)] = 0
    output_tokens: Annotated[int, Field(ge=0)] = 0
    requests: Annotated[int, Field(ge=0)] = 0
    tool_calls: Annotated[int, Field(ge=0)] = 0
    cost: Annotated[float, Field(ge=0)] = 0
    """US dollars."""

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def plus(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            requests=self.requests + other.requests,
            tool_calls=self.tool_calls + other.tool_calls,
            cost=self.cost + other.cost,
        )
