"""The stack of the demonstration: `lamp up` in a temporary directory on free ports, and `lamp` against it."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

READY_SECONDS = 90
COMMAND_SECONDS = 60
LAMP = str(Path(sys.executable).with_name("lamp"))


class StepFailed(Exception):
    """What went wrong, in words for whoever watches."""


class Stack:
    """Owns one `lamp up`. Everything it keeps is in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        environment = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("LAMP_", "LAMPLIGHTER_", "NATS_", "MONGODB_"))
        }
        self.environment = {**environment, "LAMP_DATA": str(folder), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
        self.url = ""

    def start(self) -> None:
        self._output = self.folder / "up.log"
        ports = ("--port", "0", "--nats-port", "0", "--mongodb-port", "0")
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [LAMP, "up", *ports], env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + READY_SECONDS
        while not (ready := re.search(r"ready at (\S+)", self.output())):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise StepFailed(f"`lamp up` did not become ready:\n{self.output()}")
            time.sleep(0.1)
        self.url = ready[1]

    def output(self) -> str:
        return self._output.read_text(errors="replace")

    def stop(self) -> None:
        """SIGTERM, as a person's Ctrl-C or an operating system's shutdown would."""
        self._process.terminate()
        try:
            code = self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise StepFailed(f"`lamp up` did not stop within a minute:\n{self.output()}") from None
        if code != 0:
            raise StepFailed(f"`lamp up` ended with {code}:\n{self.output()}")

    def kill(self) -> None:
        """After a failed step: leave nothing running."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def lamp(self, *arguments: str, show: bool = True, given: str | None = None) -> str:
        """Run `lamp` and return what it printed; `given` is its standard input. Raises `StepFailed` unless it exits
        with 0."""
        if show:
            print(f"    $ lamp {' '.join(_quoted(a) for a in arguments)}")
        done = subprocess.run(
            [LAMP, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            input=given,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise StepFailed(
                f"`lamp {' '.join(arguments)}` ended with {done.returncode}: {done.stderr or done.stdout}"
            )
        if show:
            for line in done.stdout.rstrip().splitlines():
                print(f"      {line}")
        return done.stdout

    def lamp_json(self, *arguments: str) -> Any:
        return json.loads(self.lamp(*arguments, "-o", "json", show=False))

    def stream(self, *arguments: str) -> list[str]:
        """Run `lamp`, show its lines as they come, and return them."""
        print(f"    $ lamp {' '.join(arguments)}")
        lines: list[str] = []
        with subprocess.Popen(
            [LAMP, *arguments], env=self.environment, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                print(f"      {line.rstrip()}", flush=True)
                lines.append(line.rstrip())
        if process.returncode != 0:
            raise StepFailed(f"`lamp {' '.join(arguments)}` ended with {process.returncode}")
        return lines

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        """What a webhook's producer does: a plain HTTP request."""
        request = urllib.request.Request(f"{self.url}{path}", data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)


def _quoted(argument: str) -> str:
    shortened = argument.replace(sys.executable, "python")
    return f'"{shortened}"' if " " in shortened or not shortened else shortened
