"""The exception handler of the whole application. What is not there for somebody because it is in a project out of
reach is told to nobody but the audit."""

from typing import Any

from litestar import Request, Response

from lamplighter_gateway.access.authentication import denied
from lamplighter_gateway.auditing.attempts import out_of_reach
from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.web.problems import Problem, answer_problem, problem_of


def answer_refusal(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    problem = problem_of(error)
    if problem.word == "not-found" and (why := out_of_reach(request, gateway_of(request).catalog)):
        denied(request, Problem(problem.word, why))
    return answer_problem(request, error)
