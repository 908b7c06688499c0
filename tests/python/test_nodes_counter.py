"""StatefulCounter."""

import asyncio

from remotemedia.nodes.counter import StatefulCounter


async def drain(node, items):
    async def stream():
        for item in items:
            yield item

    return [output async for output in node.process(stream())]


def test_counts_items():
    node = StatefulCounter()
    assert node.is_streaming
    assert asyncio.run(drain(node, "abc")) == [(1,), (2,), (3,)]
    assert node.value == 3


def test_goes_on_over_runs():
    node = StatefulCounter(initial_value=10)
    outputs = []
    for _ in range(2):
        node.initialize()
        outputs += asyncio.run(drain(node, "ab"))
        node.cleanup()
    assert outputs == [(11,), (12,), (13,), (14,)]
