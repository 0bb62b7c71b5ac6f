"""What an open socket does with what it is given: nothing lost, nothing overtaken, nobody waited for."""

import asyncio
from collections.abc import Iterator
from functools import partial
from socket import SO_SNDBUF, SOL_SOCKET, socketpair
from socket import socket as Socket

import pytest
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.protocol import Factory
from twisted.internet.ssl import CertificateOptions
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactor
from twisted.protocols.tls import TLSMemoryBIOFactory

from cryptopredict import sockets

pytestmark = pytest.mark.asyncio


@pytest.fixture
def wire() -> Iterator[tuple[WebSocketProtocol, Socket]]:
    """An open socket of Daphne's on Twisted's own transport, with little room; and the reader's end."""
    here, there = socketpair()
    for end in (here, there):
        end.setblocking(False)
    here.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096)
    protocol = WebSocketProtocol()
    protocol.transport = Connection(here, protocol, MemoryReactor())
    protocol.state = protocol.STATE_OPEN
    protocol.transport.connected = True
    protocol.transport.registerProducer(object(), True)  # the HTTP request that the socket began as
    with here, there:
        yield protocol, there


def all_read(protocol: WebSocketProtocol, there: Socket) -> bytes:
    """What comes out at the other end once the transport has been let write, as a reactor would let it."""
    heard = b""
    while True:
        try:
            heard += there.recv(1 << 20)
        except BlockingIOError:
            if not protocol.transport.reactor.getWriters():
                return heard
            protocol.transport.doWrite()


async def nothing() -> None:
    pass


async def test_daphnes_socket_gets_finished_frames_at_once(
    wire: tuple[WebSocketProtocol, Socket],
) -> None:
    protocol, there = wire
    client = sockets.client_of(partial(print, protocol), nothing, nothing)
    client.put(sockets.Message("é"))
    assert there.recv(100) == b"\x81\x02\xc3\xa9"
    assert not protocol.transport.reactor.getWriters()


async def test_nothing_is_lost_and_nothing_overtakes_when_a_reader_falls_behind(
    wire: tuple[WebSocketProtocol, Socket],
) -> None:
    protocol, there = wire
    client = sockets.client_of(partial(print, protocol), nothing, nothing)
    told = [sockets.Message(f"{number:03}" * 200) for number in range(100)]
    for message in told[:60]:
        client.put(message)
    assert protocol.transport.reactor.getWriters()  # the kernel did not take all
    there.recv(1000)
    for message in told[60:]:
        client.put(message)
    assert all_read(protocol, there) == b"".join(message.frame for message in told)[1000:]
    client.put(told[0])
    assert there.recv(10_000) == told[0].frame


async def test_a_browser_that_does_not_read_is_dropped(wire: tuple[WebSocketProtocol, Socket]) -> None:
    dropped = asyncio.Event()

    async def drop() -> None:
        dropped.set()

    protocol, there = wire
    client = sockets.client_of(partial(print, protocol), drop, drop)
    message = sockets.Message("x" * 10_000)
    for _ in range(sockets.QUEUE + 2):
        client.put(message)
    await asyncio.wait_for(dropped.wait(), 5)
    assert client.too_slow
    assert len(all_read(protocol, there)) == len(
        message.frame
    )  # what had begun is ended, the rest is forgotten


async def test_a_connection_that_is_gone_is_left_to_twisted(
    wire: tuple[WebSocketProtocol, Socket],
) -> None:
    protocol, there = wire
    client = sockets.client_of(partial(print, protocol), nothing, nothing)
    there.close()
    client.put(sockets.Message("a"))
    assert protocol.transport.reactor.getWriters()


async def test_a_client_that_does_not_read_is_dropped_and_the_others_go_on() -> None:
    released, dropped, heard = asyncio.Event(), asyncio.Event(), []

    async def stuck(text: str) -> None:
        await released.wait()

    async def drop() -> None:
        dropped.set()

    async def quick(text: str) -> None:
        heard.append(text)

    slow, fast = sockets.TaskClient(stuck, drop), sockets.TaskClient(quick, drop)
    for number in range(sockets.QUEUE + 2):
        slow.put(sockets.Message(str(number)))
        fast.put(sockets.Message(str(number)))
        await asyncio.sleep(0)
    await asyncio.wait_for(dropped.wait(), 5)
    assert slow.too_slow
    assert not fast.too_slow
    await asyncio.sleep(0.01)
    assert heard == [str(number) for number in range(sockets.QUEUE + 2)]
    await slow.close()
    await fast.close()


async def test_a_socket_under_tls_is_not_written_past_its_encryption() -> None:
    protocol = WebSocketProtocol()
    factory = TLSMemoryBIOFactory(CertificateOptions(), False, Factory.forProtocol(WebSocketProtocol))
    protocol.transport = factory.protocol(factory, protocol)
    heard: list[str] = []

    async def send(text: str) -> None:
        heard.append(text)

    client = sockets.client_of(partial(print, protocol), send, nothing)
    client.put(sockets.Message("a"))
    await asyncio.sleep(0.01)
    assert heard == ["a"]
    await client.close()
