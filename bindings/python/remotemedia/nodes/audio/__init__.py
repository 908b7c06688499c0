"""Audio nodes in Python, on NumPy.

Audio is a tuple `(samples, rate)`, or `(samples, rate, metadata)`: samples of shape (channels, frames), or (frames,)
for mono, and the rate in Hz. Floats are full scale at ±1, integers at the limits of their type.
"""

from .buffer import AudioBuffer
from .extract import ExtractAudioDataNode
from .format_converter import FormatConverterNode
from .resample import AudioResampleNode
from .transform import AudioTransform
from .vad import VADNode
from .voice_activity import VoiceActivityDetector

__all__ = [
    "AudioBuffer",
    "AudioResampleNode",
    "AudioTransform",
    "ExtractAudioDataNode",
    "FormatConverterNode",
    "VADNode",
    "VoiceActivityDetector",
]
