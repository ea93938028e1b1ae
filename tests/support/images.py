"""`python -m tests.support.images NAME ...`: exits with 0 when a Docker engine has these images or can get them."""

import sys

import docker
from docker.errors import DockerException, ImageNotFound

ENGINE_SECONDS = 2
PULL_SECONDS = 600


def have(names: list[str]) -> bool:
    try:
        docker.from_env(timeout=ENGINE_SECONDS).ping()
        client = docker.from_env(timeout=PULL_SECONDS)
        for name in names:
            try:
                client.images.get(name)
            except ImageNotFound:
                client.images.pull(name)
    except DockerException:
        return False
    return True


if __name__ == "__main__":
    sys.exit(0 if have(sys.argv[1:]) else 1)
