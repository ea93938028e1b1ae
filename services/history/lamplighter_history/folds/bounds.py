"""How much of a run is kept, so that its document stays far below 16 MiB, however many attempts it takes."""

STEPS_KEPT, DECISIONS_KEPT = 500, 200
"""Of the first attempt. Those after it are counted and not kept."""

LATER = 5
"""Of each later attempt this part of it: there may be twenty."""

STEP_TEXT = 500
DECISION_TEXT = 2_000


def kept(most: int, attempt: int) -> int:
    return most if attempt <= 1 else most // LATER
