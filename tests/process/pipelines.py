"""Many pipelines of every kind, one after the other in one process: what stays of them is printed as JSON.

`python tests/process/pipelines.py 100000`. A quarter of them comes before the first count: what is made once is made
then.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from remotemedia import Node, SyncSession, execute_pipeline, execute_pipeline_with_input, open_session
from remotemedia._engine.errors import check
from remotemedia._engine.library import library


class Plain(Node):
    def process(self, data: Any) -> Any:
        return data


class Refuses(Node):
    def process(self, data: Any) -> Any:
        raise LookupError(data)


class Coroutine(Node):
    async def process(self, data: Any) -> Any:
        await asyncio.sleep(0)
        return data


class Several(Node):
    async def process(self, data: Any) -> Any:
        yield data
        yield data


class Streams(Node):
    is_streaming = True

    async def process(self, data: Any) -> Any:
        async for item in data:
            yield item


class Forever(Node):
    async def process(self, data: Any) -> Any:
        await asyncio.sleep(60)


MANIFEST = {
    "version": "v1",
    "nodes": [{"id": "a", "node_type": "PassThrough"}, {"id": "b", "node_type": "PassThrough"}],
    "connections": [{"from": "a", "to": "b"}],
}


async def objects() -> None:
    assert await execute_pipeline_with_input([Plain(), Plain()], [1, b"two"]) == [1, b"two"]


async def manifest() -> None:
    assert await execute_pipeline_with_input(MANIFEST, ["one"]) == ["one"]


async def refused() -> None:
    try:
        await execute_pipeline_with_input([Plain(), Refuses()], [1])
    except LookupError:
        return
    raise AssertionError("nothing was raised")


async def on_the_loop() -> None:
    assert await execute_pipeline_with_input([Coroutine(), Several(), Streams()], [1]) == [1, 1]


async def nothing_but_a_node() -> None:
    assert await execute_pipeline([Plain()]) == ""


async def cancelled() -> None:
    task = asyncio.ensure_future(execute_pipeline_with_input([Plain(), Forever()], [1]))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


async def session() -> None:
    async with open_session([Plain(), Coroutine()]) as live:
        await live.send(1)
        assert await live.receive() == 1


async def without_a_loop() -> None:
    with SyncSession([Plain()]) as live:
        live.send(1)
        assert live.receive(timeout=10) == 1


KINDS: list[Callable[[], Awaitable[None]]] = [
    objects,
    manifest,
    refused,
    on_the_loop,
    nothing_but_a_node,
    cancelled,
    session,
    without_a_loop,
]


def handles() -> int:
    """The objects of every kind that the library has."""
    count = ctypes.c_uint64()
    check(library.rm_debug_live(0, count))
    return count.value


def resident() -> int:
    """Bytes of memory of this process, without what the allocator keeps for later."""
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Rss:")) * 1024


async def counted() -> dict[str, int]:
    """What there is once everything that ends has ended."""
    gc.collect()
    least = handles()
    until = time.monotonic() + 1
    while time.monotonic() < until:
        await asyncio.sleep(0.02)
        least = min(least, handles())
    return {"handles": least, "blocks": sys.getallocatedblocks(), "bytes": resident()}


async def main(count: int) -> None:
    before: dict[str, int] = {}
    for number in range(count):
        if number == count // 4:
            before = await counted()
        await KINDS[number % len(KINDS)]()
    after = await counted()
    print(json.dumps({name: after[name] - before[name] for name in after}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
