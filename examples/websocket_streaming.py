"""Market data over a WebSocket: subscribe to prices and bars, unsubscribe, and see what a mistake is told.

    oracle serve                                          # in one terminal
    python examples/websocket_streaming.py --seconds 10   # in another

Speaks FIML's protocol on /ws/stream and /ws/prices. Needs nothing but what oracle itself is installed with.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import AsyncIterator
from typing import Any

import trio
from trio_websocket import WebSocketConnection, open_websocket_url

PRICES = {"type": "subscribe", "stream_type": "price", "symbols": ["BTC", "ETH", "AAPL"], "interval_ms": 500}
BARS = {"type": "subscribe", "stream_type": "ohlcv", "symbols": ["BTC"], "interval_ms": 1000, "data_type": "ohlcv"}
MISTAKES: dict[str, Any] = {
    "no symbols": {"type": "subscribe", "stream_type": "price"},
    "no such stream": {"type": "subscribe", "stream_type": "weather", "symbols": ["BTC"]},
    "no such message": {"type": "hello"},
}


async def say(socket: WebSocketConnection, **message: Any) -> None:
    """Send one message."""
    await socket.send_message(json.dumps(message))


async def hear(socket: WebSocketConnection) -> dict[str, Any]:
    """The next message."""
    heard: dict[str, Any] = json.loads(await socket.get_message())
    return heard


async def answer(socket: WebSocketConnection, kind: str) -> dict[str, Any]:
    """The next message of a type; data that comes before it is shown."""
    while (message := await hear(socket))["type"] != kind:
        show(message)
    return message


async def until(socket: WebSocketConnection, seconds: float) -> AsyncIterator[dict[str, Any]]:
    """What comes within the next seconds; the first message however late it is."""
    ends = trio.current_time() + seconds
    yield await hear(socket)
    while True:
        message = None
        with trio.move_on_at(ends):
            message = await hear(socket)
        if message is None:
            return
        yield message


def show(message: dict[str, Any]) -> None:
    """Print what a message says."""
    match message["type"]:
        case "data" if message["stream_type"] == "ohlcv":
            for bar in message["data"]:
                state = "closed" if bar["is_closed"] else "open"
                print(f"  bar    {bar['symbol']:<6}{bar['timestamp'][11:16]}  {bar['open']:>12,.2f}{bar['high']:>12,.2f}"
                      f"{bar['low']:>12,.2f}{bar['close']:>12,.2f}  {state}")
        case "data":
            for item in message["data"]:
                change = item["change_percent"]
                moved = "" if change is None else f"{change:+.2f} %"
                print(f"  price  {item['symbol']:<6}{item['price']:>12,.2f}  {moved:>9}  "
                      f"from {item['provider']}, confidence {item['confidence']:.2f}")
        case "heartbeat":
            print(f"  heartbeat, {message['active_subscriptions']} subscriptions")
        case "error":
            print(f"  {message['error_code']}: {message['message']}")


async def subscriptions(url: str, seconds: float) -> None:
    """Two subscriptions on one socket, of which the first is given up halfway."""
    async with open_websocket_url(f"{url}/ws/stream") as socket:
        for wish in (PRICES, BARS):
            await say(socket, **wish)
            ack = await answer(socket, "subscription_ack")
            print(f"subscribed to {ack['stream_type']} of {', '.join(ack['symbols'])} each {ack['interval_ms']} ms")
        print(f"  ({ack['disclaimer']})")
        async for message in until(socket, seconds / 2):
            show(message)

        await say(socket, type="unsubscribe", stream_type="price", symbols=["ETH", "AAPL"])
        gone = await answer(socket, "unsubscribe_ack")
        print(f"unsubscribed from {gone['stream_type']} of {', '.join(gone['symbols'])}; BTC goes on")
        async for message in until(socket, seconds / 2):
            show(message)

        await say(socket, type="unsubscribe", stream_type="price", symbols=None)
        await answer(socket, "unsubscribe_ack")
        print("unsubscribed from all prices")


async def mistakes(url: str) -> None:
    """What is wrong is told, and the socket stays open."""
    async with open_websocket_url(f"{url}/ws/stream") as socket:
        for what, message in MISTAKES.items():
            print(f"a mistake, {what}:")
            await say(socket, **message)
            show(await answer(socket, "error"))


async def by_address(url: str, seconds: float) -> None:
    """Without a word of ours: the symbols stand in the address."""
    async with open_websocket_url(f"{url}/ws/prices/BTC,AAPL") as socket:
        ack = await answer(socket, "subscription_ack")
        print(f"/ws/prices/BTC,AAPL: subscribed to {', '.join(ack['symbols'])}")
        async for message in until(socket, seconds):
            show(message)


async def main(url: str, seconds: float) -> None:
    """The three, one after the other."""
    sockets = "ws" + url.rstrip("/").removeprefix("http")
    await subscriptions(sockets, seconds * 2 / 3)
    await mistakes(sockets)
    await by_address(sockets, seconds / 3)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the server (%(default)s)")
    parser.add_argument("--seconds", type=float, default=12.0, help="how long to listen (%(default)s)")
    arguments = parser.parse_args()
    trio.run(main, arguments.url, arguments.seconds)
