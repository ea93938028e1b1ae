"""Environments, those among them that nobody has made: a project has the one of its own name without a word."""

from lamplighter_contracts.environments import Environment, implied_environment
from lamplighter_gateway.catalog.contents import Catalog, key_of


def find_environment(name: str, catalog: Catalog) -> Environment | None:
    return catalog.find(Environment, name) or implied(name, catalog)


def all_environments(catalog: Catalog) -> list[Environment]:
    """By id."""
    unsaid = (implied(project, catalog) for project in catalog.projects)
    found = [*catalog.all(Environment), *(one for one in unsaid if one is not None)]
    return sorted(found, key=lambda environment: environment.environment_id)


def implied(project: str, catalog: Catalog) -> Environment | None:
    """That of the project's own name. None where somebody has made it, be it in another project."""
    if catalog.is_taken(key_of(Environment, project)) or project not in catalog.projects:
        return None
    return implied_environment(project)
