"""One Redis subscription a process, fanned out to its sockets: the same encoded message for each."""

import asyncio
import contextlib
import logging
import random
from collections import defaultdict
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from django.conf import settings
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from cryptopredict.common.realtime import PREFIX
from cryptopredict.sockets import Client, Message

logger = logging.getLogger(__name__)
LONGEST_PAUSE = 15.0  # seconds between attempts to reach Redis
GAP = Message(
    '{"topic":"stream.gap","data":{}}'
)  # after an interruption: ask again, something may have been missed


class Hub:
    """Hands each message that Redis brings to the clients that joined its channel."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._clients: dict[str, set[Client]] = defaultdict(set)
        self._reader: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    async def join(self, client: Client, channels: Iterable[str]) -> None:
        """Let `client` hear `channels`; returns when what is announced from now on will reach it.

        With Redis away it returns after a moment: the client is told of the gap when Redis is back.
        """
        for channel in channels:
            self._clients[channel].add(client)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), timeout=2)

    async def leave(self, client: Client) -> None:
        """Forget `client`; with the last one the subscription ends too."""
        for channel in [name for name, members in self._clients.items() if client in members]:
            self._clients[channel].discard(client)
            if not self._clients[channel]:
                del self._clients[channel]
        await client.close()
        if not self._clients and self._reader is not None:
            reader, self._reader = self._reader, None
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader

    def size(self) -> int:
        return len(set().union(*self._clients.values()))

    async def _read(self) -> None:
        """Stay subscribed; come back after an interruption, in growing pauses, and say that there was one."""
        pause, interrupted = 0.1, False
        while True:
            redis = Redis.from_url(self._url, health_check_interval=15, socket_connect_timeout=5)
            try:
                async with redis.pubsub(ignore_subscribe_messages=False) as subscription:
                    await subscription.psubscribe(f"{PREFIX}*")
                    await subscription.get_message(timeout=5)
                    self._ready.set()
                    if interrupted:
                        self._tell_all(GAP)
                    pause = 0.1
                    await self._pass_on(subscription)
            except (RedisError, OSError) as error:
                logger.warning("The stream lost Redis, trying again in %.1f s: %s", pause, error)
                interrupted = True
                await asyncio.sleep(pause * random.uniform(0.8, 1.2))
                pause = min(pause * 2, LONGEST_PAUSE)
            finally:
                self._ready.clear()
                await redis.aclose()

    async def _pass_on(self, subscription: PubSub) -> None:
        async for message in subscription.listen():
            if message["type"] != "pmessage":
                continue
            members = self._clients.get(message["channel"].decode())
            if members:
                told = Message(message["data"].decode())
                for client in tuple(members):
                    client.put(told)

    def _tell_all(self, told: Message) -> None:
        for client in set().union(*self._clients.values()):
            client.put(told)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """Return the hub of the running event loop: one for the process, as a server has one loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(settings.REDIS_URL)
    return _hubs[loop]
