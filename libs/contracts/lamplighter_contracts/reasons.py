"""Why an execution did not complete: the stable words, and what each of them means for a retry.

`limit: tokens` and its like name the limit that was reached.
"""

from enum import StrEnum


class Blocked(StrEnum):
    """It never began."""

    AGENT = "agent"
    """The agent is not there, is not active, or is of a kind that no worker knows."""
    TEAM = "team"
    ENVIRONMENT = "environment"
    """Not there, or not ready."""
    SECRET = "secret"  # noqa: S105 - a word
    """It asks for a secret that its environment does not have."""
    NEEDS_CHOICE = "needs_choice"
    """No agent fits clearly, and there is no fallback."""
    POLICY = "policy"
    """A policy denied it."""
    POLICY_ERROR = "policy_error"
    """A policy could not be asked, which is a denial."""
    APPROVAL = "approval"
    """It was denied by a person, or nobody answered."""
    SANDBOX = "sandbox"
    """It must run in a sandbox, and none works here."""


class Failed(StrEnum):
    """It began."""

    EXIT_CODE = "exit_code"
    START = "start"
    TIMEOUT = "timeout"
    LOST = "lost"
    """Its worker, or its executor, went silent."""
    RUNNER = "runner"
    UNAVAILABLE = "unavailable"
    """The model or the executor could not be reached, was overloaded (429, 5xx), or was cut off."""
    REFUSED = "refused"
    """The model or the executor refuses: no key, 401, 403, 400."""
    AGENT_ERROR = "agent_error"
    """The agent says that it failed, or what it said makes no sense."""
    TOOL_LOOP = "tool_loop"
    """It called the same tool with the same arguments over and over."""
    EFFECTS = "effects"
    """It would be tried again, but it has had effects that must not be repeated."""
    MEMBER = "member"
    """A member of the team failed, by the rule of its mode."""
    BODY = "body"
    """What was delivered is too large for a message, and is not kept any more."""


LIMIT = "limit: "
"""Followed by the limit: seconds, tokens, cost, tool_calls, requests."""

TRANSIENT = (Failed.UNAVAILABLE,)
"""What is tried again unless the job says otherwise."""
