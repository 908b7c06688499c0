"""Pipecat: a processor for each node, in one of its pipelines."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from ..harness.chain import TABLES, Keep, Work, measure
from ..harness.places import lacks_environment, peer_python
from ..harness.table import Probe

NAME = "pipecat"
START = 0.3
"""Seconds after which a pipeline has started: the first frames are not what is measured."""


def probes() -> list[Probe]:
    """Where it could be installed."""
    command = [peer_python(NAME), "-m", "benchmarks.peers.pipecat"]
    return [Probe("Pipecat", command, TABLES, lacks_environment(NAME), is_peer=True)]


def processors(work: Work, nodes: int, items: int) -> tuple[list[Any], asyncio.Event]:
    """A processor for each node and one that counts, and what is set when all items have come."""
    import numpy as np
    from pipecat.frames.frames import OutputAudioRawFrame
    from pipecat.processors.frame_processor import FrameProcessor

    process, done = work().process, asyncio.Event()

    class Does(FrameProcessor):
        async def process_frame(self, frame: Any, direction: Any) -> None:
            await super().process_frame(frame, direction)
            if isinstance(frame, OutputAudioRawFrame):
                if work is Keep:
                    frame = process(frame)
                else:
                    frame.audio = process(np.frombuffer(frame.audio, np.float32)).tobytes()
            await self.push_frame(frame, direction)

    class Counts(FrameProcessor):
        count = 0

        async def process_frame(self, frame: Any, direction: Any) -> None:
            await super().process_frame(frame, direction)
            if isinstance(frame, OutputAudioRawFrame):
                self.count += 1
                if self.count == items:
                    done.set()
            await self.push_frame(frame, direction)

    return [*(Does() for _ in range(nodes)), Counts()], done


async def run(work: Work, nodes: int, items: list[Any]) -> float:
    from pipecat.frames.frames import EndFrame, OutputAudioRawFrame
    from pipecat.pipeline.pipeline import Pipeline
    from pipecat.pipeline.worker import PipelineWorker
    from pipecat.workers.runner import WorkerRunner

    chain, done = processors(work, nodes, len(items))
    worker = PipelineWorker(Pipeline(chain))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await asyncio.sleep(START)
    frames = [OutputAudioRawFrame(audio=bytes(1920), sample_rate=48000, num_channels=1) for _ in items]
    start = time.perf_counter()
    for frame in frames:
        await worker.queue_frame(frame)
    await done.wait()
    taken = time.perf_counter() - start
    await worker.queue_frame(EndFrame())
    await running
    return taken


def through(work: Work, nodes: int, items: list[Any]) -> float:
    """Seconds for as many frames as there are items."""
    return asyncio.run(run(work, nodes, items))


def main() -> None:
    from loguru import logger

    logger.remove()
    measure(through, 2_000)


if __name__ == "__main__":
    main()
