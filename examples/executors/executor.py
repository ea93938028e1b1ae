"""An executor in Python, with nats-py: executor.py NAME [URL]. It takes one offer after another."""

import asyncio
import json
import sys

import nats


async def main(name: str, url: str = "nats://127.0.0.1:4222") -> None:
    bus = await nats.connect(url)
    offers = await bus.subscribe(f"executor.{name}.offer", queue=name)
    async for offer in offers.messages:
        await offer.respond(json.dumps({"accept": True, "executor": "executor.py"}).encode())
        work = json.loads(offer.data)

        async def tell(kind: str, work: dict = work, **said: str) -> bool:
            """Whether to go on."""
            answer = await bus.request(f"{work['reply_to']}.{kind}", json.dumps(said).encode(), timeout=10)
            return not json.loads(answer.data)["stop"]

        if await tell("progress", step="read the prompt") and await tell("log", text="It is short."):
            await tell("result", outcome="completed", result=f"You asked: {work['prompt']}")
        else:
            await tell("result", outcome="failed", detail="It was told to stop.")


asyncio.run(main(*sys.argv[1:]))
