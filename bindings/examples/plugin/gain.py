"""Loads a plugin and runs a node of it, beside one in Python: `python gain.py GAIN.SO`."""

from __future__ import annotations

import asyncio
import sys

import numpy as np

import remotemedia as rm


class Peak(rm.Node):
    def process(self, frame: rm.AudioFrame) -> float:
        return float(np.abs(frame.samples).max())


async def main() -> None:
    rm.load_plugin(sys.argv[1])
    pipeline = [{"node_type": "Gain", "params": {"gain": 0.5}}, Peak()]
    samples = np.array([0.5, -1.0], dtype=np.float32)
    print(await rm.execute_pipeline_with_input(pipeline, [(samples, 48000)]))


asyncio.run(main())
