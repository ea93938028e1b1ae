"""What somebody reaches of what there is."""

from lamplighter_contracts.queries import Projects
from lamplighter_history.writes import Document

PROJECT = "project"


def within(projects: Projects) -> Document:
    """A document that does not say its project belongs to none of these."""
    return {} if projects is None else {PROJECT: {"$in": list(projects)}}
