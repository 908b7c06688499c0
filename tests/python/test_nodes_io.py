"""DataSourceNode and DataSinkNode."""

import asyncio
import pickle
import queue
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remotemedia.nodes.io_nodes import DataSinkNode, DataSourceNode


async def collect(source):
    return [item async for item in source.process()]


class TestSource:
    def test_marks(self):
        source = DataSourceNode()
        assert source.is_source
        assert source.is_streaming
        assert (source.buffer_size, source.timeout_seconds) == (100, 30.0)

    def test_items_pushed_before_and_after_the_start(self):
        async def run():
            source = DataSourceNode()
            assert await source.push_data(1) is True
            source.initialize()
            task = asyncio.create_task(collect(source))
            await asyncio.sleep(0)
            assert await source.push_data(None) is True
            assert await source.push_data(3) is True
            await source.close()
            assert await source.push_data(4) is False
            return await task

        assert asyncio.run(run()) == [1, None, 3]

    def test_no_room(self):
        async def run():
            source = DataSourceNode(buffer_size=2, timeout_seconds=0.02)
            return [await source.push_data(item) for item in range(3)]

        assert asyncio.run(run()) == [True, True, False]

    def test_a_push_that_waits_gets_its_room(self):
        async def run():
            source = DataSourceNode(buffer_size=1)
            await source.push_data(1)
            waiting = asyncio.create_task(source.push_data(2))
            await asyncio.sleep(0)
            stream = source.process()
            assert await anext(stream) == 1
            assert await waiting is True
            assert await anext(stream) == 2

        asyncio.run(run())

    def test_cleanup_ends_everything(self):
        async def run():
            # Far longer than the test waits: False must come from the cleanup, not from a push that timed out.
            source = DataSourceNode(buffer_size=1, timeout_seconds=3600)
            source.initialize()
            await source.push_data(1)
            waiting = asyncio.create_task(source.push_data(2))
            await asyncio.sleep(0)
            source.cleanup()
            assert await asyncio.wait_for(waiting, 10) is False
            assert await asyncio.wait_for(source.push_data(3), 10) is False
            source.initialize()
            assert await source.push_data(4) is True
            await source.close()
            assert await collect(source) == [4]

        asyncio.run(run())

    def test_a_cancelled_wait_takes_nothing(self):
        async def run():
            source = DataSourceNode()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(source.process()), 0.01)
            await source.push_data(1)
            await source.close()
            assert await collect(source) == [1]

        asyncio.run(run())

    @settings(max_examples=30, deadline=None)
    @given(items=st.lists(st.integers(), max_size=50), size=st.integers(1, 5))
    def test_between_two_event_loops(self, items, size):
        source = DataSourceNode(buffer_size=size)

        async def produce():
            for item in items:
                assert await source.push_data(item)
            await source.close()

        received = []
        consumer = threading.Thread(target=lambda: received.extend(asyncio.run(collect(source))))
        consumer.start()
        asyncio.run(produce())
        consumer.join(10)
        assert received == items

    def test_a_loop_that_is_gone_does_no_harm(self):
        source = DataSourceNode(buffer_size=1)
        loop = asyncio.new_event_loop()
        # A pending task is the point here, and not worth the report when it goes.
        loop.set_exception_handler(lambda loop, context: None)
        stream = source.process()
        waiting = loop.create_task(anext(stream))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

        async def run():
            assert await source.push_data(1)

        asyncio.run(run())
        assert not waiting.done()

    def test_pickling_gives_an_open_empty_source(self):
        async def run():
            source = DataSourceNode(buffer_size=1)
            await source.push_data(1)
            await source.close()
            copy = pickle.loads(pickle.dumps(source))
            assert await copy.push_data(2)
            await copy.close()
            return await collect(copy)

        assert asyncio.run(run()) == [2]

    def test_bad_size(self):
        with pytest.raises(ValueError, match="buffer_size"):
            DataSourceNode(buffer_size=0)


class TestSink:
    def test_returns_and_counts(self):
        sink = DataSinkNode()
        data = object()
        assert asyncio.run(sink.process(data)) is data
        assert sink.item_count == 1
        assert sink.is_sink
        assert sink.get_buffered_output() == []

    def test_buffer(self):
        sink = DataSinkNode(buffer_output=True, buffer_size=2)
        for item in range(3):
            asyncio.run(sink.process(item))
        assert sink.get_buffered_output() == [1, 2]
        sink.clear_buffer()
        assert sink.get_buffered_output() == []

    def test_callbacks(self):
        seen = []

        async def later(item):
            await asyncio.sleep(0)
            seen.append(("async", item))

        sink = DataSinkNode(lambda item: seen.append(("sync", item)))
        asyncio.run(sink.process(1))
        sink.set_callback(later)
        asyncio.run(sink.process(2))
        sink.set_callback(None)
        asyncio.run(sink.process(3))
        assert seen == [("sync", 1), ("async", 2)]

    def test_a_callback_that_fails(self):
        def fail(item):
            raise KeyError(item)

        with pytest.raises(KeyError):
            asyncio.run(DataSinkNode(callback=fail).process(1))

    def test_queues(self):
        async def run():
            sink = DataSinkNode()
            ours, theirs = asyncio.Queue(), queue.Queue()
            sink.set_output_queue(ours)
            await sink.process(1)
            sink.set_output_queue(theirs)
            await sink.process(2)
            sink.set_output_queue(None)
            await sink.process(3)
            assert (ours.get_nowait(), theirs.get_nowait()) == (1, 2)
            assert ours.empty()
            assert theirs.empty()

        asyncio.run(run())

    def test_a_full_queue_holds_back_without_blocking_the_loop(self):
        async def run():
            sink = DataSinkNode()
            full = queue.Queue(1)
            sink.set_output_queue(full)
            await sink.process(1)
            waiting = asyncio.create_task(sink.process(2))
            await asyncio.sleep(0.01)
            assert not waiting.done()
            assert full.get() == 1
            assert await waiting == 2

        asyncio.run(run())

    def test_bad_size(self):
        with pytest.raises(ValueError, match="buffer_size"):
            DataSinkNode(buffer_size=0)
