"""Arrays through workers: equal, of the same kind, valid for as long as somebody has them, and copied once at most."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from census import await_that, count

from remotemedia import (
    AudioFrame,
    Node,
    PassThroughNode,
    Pipeline,
    execute_pipeline_with_input,
    open_session,
    shared_array,
)

Array = npt.NDArray[Any]

DTYPES = [
    *("?", "i1", "u1", "<i2", ">i2", "<u4", "<i8", ">u8", "<f2", "<f4", ">f4", "<f8", "g", "<c8", ">c16"),
    *("S5", "<U3", ">U3", "V7", "<M8[ns]", "<m8[s]"),
    np.dtype([("a", "<i2"), ("b", ">f8", (2,))]),
]


def filled(dtype: Any, size: int = 24) -> Array:
    """An array of a type with something in it."""
    made = np.zeros(size, dtype)
    made.view(np.uint8)[:] = np.arange(made.nbytes) % 2 if made.dtype.kind in "?U" else np.arange(made.nbytes) % 63
    if made.dtype.kind == "U":
        made[:] = "aé"
    return made


LAYOUTS: dict[str, Any] = {
    "plain": lambda a: a,
    "rows": lambda a: a.reshape(4, -1),
    "columns": lambda a: np.asfortranarray(a.reshape(4, -1)),
    "every second": lambda a: a[::2],
    "backwards": lambda a: a[::-1],
    "a column": lambda a: a.reshape(4, -1)[:, 1],
    "transposed": lambda a: a.reshape(2, 3, -1).transpose(2, 0, 1),
    "repeated": lambda a: np.broadcast_to(a[:3], (5, 3)),
    "no dimension": lambda a: a[0:1].reshape(()),
    "empty": lambda a: a[:0],
    "empty rows": lambda a: a[:0].reshape(0, 3),
    "unaligned": lambda a: np.frombuffer(b"x" + a.tobytes(), np.uint8)[1:].view(a.dtype),
}


class Says(Node):
    """Gives an array back with what it was there."""

    def process(self, data: Array) -> Any:
        return (data, data.dtype.str, data.shape, data.tobytes())


@pytest.mark.parametrize("size", [24, 24_000])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_types_and_layouts(run, layout, size):
    """W5."""
    given = [LAYOUTS[layout](filled(dtype, size)) for dtype in DTYPES]
    outputs = run(execute_pipeline_with_input([Says().in_process()], given))
    for original, (array, dtype, shape, data) in zip(given, outputs, strict=True):
        assert (array.dtype, array.shape) == (original.dtype, original.shape)
        assert (dtype, shape) == (original.dtype.str, original.shape)
        assert array.tobytes() == data == original.tobytes()


def test_other_things_of_numpy(run):
    given = [
        np.float32(1.5),
        np.int64(-3),
        np.str_("x"),
        np.datetime64("2024-02-29"),
        np.dtype("<f4"),
        np.array([1, "x", None, [2]], object),
        np.ma.masked_array([1, 2], [True, False]),
        np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    ]
    outputs = run(execute_pipeline_with_input([PassThroughNode().in_process()], given))
    for original, value in zip(given, outputs, strict=True):
        assert type(value) is type(original)
        assert repr(value) == repr(original)


@pytest.mark.parametrize("size", [10, 100_000])
def test_who_may_write(run, size):
    """What was read-only stays so; what comes new from a worker is the receiver's own."""

    class Writes(Node):
        def process(self, data: Array) -> Any:
            writable = data.flags.writeable
            made = np.ones(len(data))
            if writable:
                data += 1
            return (writable, data, made)

    array = np.zeros(size)
    fixed = np.zeros(size)
    fixed.flags.writeable = False
    outputs = run(execute_pipeline_with_input([Writes().in_process()], [array, fixed]))
    assert [writable for writable, *_ in outputs] == [True, False]
    assert [float(data[0]) for _, data, _ in outputs] == [1.0, 0.0]
    assert not array.any()
    for _, _, made in outputs:
        made += 1
        assert float(made[-1]) == 2.0


def test_frames_keep_their_time(run):
    samples = np.arange(48_000, dtype=np.float32).reshape(2, -1)
    frames = [AudioFrame(samples, 48_000, pts=7, duration=9), AudioFrame(samples, 8_000)]

    class Checks(Node):
        def process(self, data: Any) -> Any:
            assert type(data) is AudioFrame
            return data if data.pts is None else AudioFrame(data.samples * 2, data.sample_rate, pts=data.pts + 1)

    first, second = run(execute_pipeline_with_input([Checks().in_process()], frames))
    assert (type(first), first.sample_rate, first.pts) == (AudioFrame, 48_000, 8)
    assert np.array_equal(first.samples, samples * 2)
    assert (type(second), second.sample_rate, second.pts) == (AudioFrame, 8_000, None)
    assert np.array_equal(second.samples, samples)


@pytest.mark.parametrize("order", [(0,), (1,), (0, 1)])
def test_beside_native_nodes(run, order):
    """Between a worker and a node of the library there is data of the library, and no object."""
    nodes: list[Any] = [PassThroughNode().in_process(), {"node_type": "PassThrough"}, PassThroughNode().in_process()]
    given = [AudioFrame(np.linspace(-1, 1, 9_000, dtype=np.float32).reshape(1, -1), 16_000, pts=5)]
    outputs = run(execute_pipeline_with_input([nodes[at] for at in order] + nodes[2:], given))
    assert np.array_equal(outputs[0].samples, given[0].samples)
    assert (outputs[0].sample_rate, outputs[0].pts) == (16_000, 5)


def test_all_that_comes_back_may_be_kept(run):
    """More than a worker can have lent: what lies in the parent's own memory is not lent by the worker as well."""
    array = shared_array(5_000, np.uint8)
    array[:] = 7
    outputs = run(execute_pipeline_with_input([PassThroughNode().in_process()], [array] * 1_500))
    assert len(outputs) == 1_500
    array[:] = 8
    assert all(output[0] == 8 and not output.flags.writeable for output in outputs)
    with pytest.raises(ValueError, match="WRITEABLE"):
        outputs[0].flags.writeable = True


def test_parts_of_larger_values(run):
    given = {
        "audio": (np.arange(9_000, dtype=np.int16), 16_000),
        "parts": [np.full((3, 700), n) for n in range(5)],
        "frame": AudioFrame(np.ones(5_000, np.float32), 8_000, pts=1),
        "bytes": bytes(70_000),
        "memory": bytearray(range(256)) * 300,
    }
    (value,) = run(execute_pipeline_with_input([PassThroughNode().in_process()], [given]))
    assert list(value) == list(given)
    assert isinstance(value["audio"], tuple)
    assert np.array_equal(value["audio"][0], given["audio"][0])
    assert all(np.array_equal(one, other) for one, other in zip(value["parts"], given["parts"], strict=True))
    assert (type(value["frame"]), value["frame"].pts) == (AudioFrame, 1)
    assert (value["bytes"], value["memory"]) == (given["bytes"], given["memory"])


@pytest.mark.parametrize("number", [499, 500, 501, 1500])
def test_many_arrays_in_one_object(run, number):
    given = [np.full(300, n) for n in range(number)]
    (value,) = run(execute_pipeline_with_input([PassThroughNode().in_process()], [given]))
    assert all(np.array_equal(one, other) for one, other in zip(value, given, strict=True))
    assert len(value) == number


def test_many_large_arrays_in_one_object(run):
    given = [np.full(3_000, n) for n in range(400)]
    (value,) = run(execute_pipeline_with_input([PassThroughNode().in_process()], [given]))
    assert all(np.array_equal(one, other) for one, other in zip(value, given, strict=True))


@pytest.mark.parametrize("size", [128 * 1024 - 1, 128 * 1024 + 1, 1_000_000, 10_000_000])
def test_large_messages(run, size):
    given = [bytes([number]) * size for number in range(3)] + [np.arange(size, dtype=np.uint8)]
    *texts, array = run(execute_pipeline_with_input([PassThroughNode().in_process()], given))
    assert texts == given[:3]
    assert np.array_equal(array, given[3])


def test_they_outlive_the_session(run):
    def made() -> list[Any]:
        return list(run(execute_pipeline_with_input([PassThroughNode().in_process()], arrays)))

    arrays = [np.full(500_000, n) for n in range(4)]
    outputs = made()
    gc.collect()
    others = made()
    for one, other, given in zip(outputs, others, arrays, strict=True):
        assert np.array_equal(one, given)
        assert np.array_equal(other, given)
        assert not np.shares_memory(one, other)


def test_what_comes_back_outlives_the_worker(run):
    """It lies in memory that this process has lent, and does not lend to anybody else for as long as it is used."""

    async def main() -> None:
        async with open_session([PassThroughNode().in_process()]) as session:
            await session.send(np.full(500_000, 7))
            kept = await session.receive()
        for _ in range(2):
            await execute_pipeline_with_input([PassThroughNode().in_process()], [np.zeros(500_000, int)])
        assert (kept == 7).all()

    run(main())


def test_a_part_outlives_the_whole(run):
    (array,) = run(execute_pipeline_with_input([PassThroughNode().in_process()], [np.arange(500_000)]))
    part = array[1000:1010]
    del array
    gc.collect()
    run(execute_pipeline_with_input([PassThroughNode().in_process()], [np.zeros(500_000, int)]))
    assert list(part) == list(range(1000, 1010))


class Blocks(Node):
    """Says in which block of shared memory an array lies, and where."""

    def process(self, data: Any) -> Any:
        array, seen = data
        return (array, [*seen, block(array)])


def block(array: Array) -> tuple[int, int] | None:
    """The file of shared memory that an array lies in, and where; None if in none."""
    address = array.ctypes.data
    with open("/proc/self/maps") as maps:
        for line in maps:
            span, _, offset, _, inode, *name = line.split(maxsplit=5)
            start, end = (int(part, 16) for part in span.split("-"))
            if start <= address < end:
                is_shared = bool(name) and "memfd:remotemedia" in name[0]
                return (int(inode), address - start + int(offset, 16)) if is_shared else None
    return None


def test_an_array_from_a_worker_is_not_copied_again(run):
    """W3. It lies in one place for all processes that it goes through."""
    nodes: list[Node] = [Blocks().in_process(), PassThroughNode(), Blocks().in_process(), Blocks().in_process()]
    given = np.arange(500_000)
    ((array, (first, second, third)),) = run(execute_pipeline_with_input(nodes, [(given, [])]))
    assert block(given) is None
    assert first == second == third == block(array) is not None
    assert np.array_equal(array, given)


def test_one_that_goes_several_ways_lies_in_one_place(run):
    source, *ways = (Blocks().in_process() for _ in range(3))
    pipeline = Pipeline([source, *ways])
    for way in ways:
        pipeline.connect(source, way)
    outputs = run(pipeline.run([(np.arange(500_000), [])]))
    assert len({place for _, seen in outputs for place in seen}) == 1
    # Several have it now, so none may write.
    assert len(outputs) == 2


class Doubles(Node):
    def process(self, data: Array) -> Array:
        return data * 2


@pytest.mark.parametrize("size", [50_000, 500_000])
def test_memory_does_not_grow(run, size):
    async def main() -> None:
        array = np.ones(size, np.float32)
        async with open_session([Doubles().in_process(), PassThroughNode().in_process()]) as session:

            async def go(times: int) -> None:
                for _ in range(times):
                    await session.send(array)
                    output = await session.receive()
                    assert output[-1] == 2.0

            await go(50)
            before = count()
            await go(2000 if size < 100_000 else 300)
            # A few more may be on their way at a time; a leak would be one each time.
            after = await_that(lambda: (now := count()).mappings <= before.mappings + 30 and now) or count()
            assert after.files <= before.files + 30
            assert after.shared <= before.shared + 30
            assert after.mappings <= before.mappings + 30

    run(main())


def test_what_is_kept_does_not_stop_others(run):
    """More arrays than can be lent at once: whoever keeps them all is told."""

    async def main() -> Any:
        kept = []
        async with open_session([PassThroughNode().in_process()]) as session:
            for number in range(1100):
                await session.send(np.full(2_000, number))
                kept.append(await session.receive())
        return kept

    kept = run(main())
    assert all(int(array[0]) == number for number, array in enumerate(kept))


def test_an_array_in_shared_memory_is_never_copied(run):
    """Not even after it has come back: no further memory is shared."""

    async def main() -> None:
        array = shared_array((1000, 1000))
        array[:] = 1.0
        async with open_session([PassThroughNode().in_process()]) as session:
            await session.send(array)
            await session.receive()
            before = count().shared
            for _ in range(5):
                await session.send(array)
                output = await session.receive()
                assert np.array_equal(output, array)
                assert np.shares_memory(output, array)
                del output
            assert count().shared == before

    run(main())
