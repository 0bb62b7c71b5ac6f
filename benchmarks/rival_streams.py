"""The rival of the streams: the `websockets` library, one Redis subscription, its own broadcast."""

from __future__ import annotations

import asyncio
import os
import sys

from redis.asyncio import Redis
from websockets.asyncio.server import ServerConnection, broadcast, serve

from cryptopredict.common.realtime import PREFIX


async def _main(port: int) -> None:
    clients: set[ServerConnection] = set()

    async def handler(socket: ServerConnection) -> None:
        clients.add(socket)
        try:
            await socket.wait_closed()
        finally:
            clients.discard(socket)

    async with (
        serve(handler, "127.0.0.1", port, compression=None),
        Redis.from_url(os.environ["RIVAL_REDIS"]) as redis,
    ):
        subscription = redis.pubsub()
        await subscription.psubscribe(f"{PREFIX}*")
        async for message in subscription.listen():
            if message["type"] == "pmessage":
                broadcast(clients, message["data"].decode())


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
