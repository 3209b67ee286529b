"""What ./dev bench measures. Every case is a function of a Bench that answers rows."""

from cases.batches import batcher
from cases.calls import echo, fan_out, placements, tail
from cases.common import Bench
from cases.depth import depth
from cases.fixed import fixed_cost
from cases.gateway import gateway
from cases.model import model
from cases.peers import peers
from cases.streams import streams
from cases.system_calls import system_calls
from cases.transcribe import transcribe
from cases.within import inside

__all__ = ["ALL", "Bench"]

ALL = {"echo": echo, "fan-out": fan_out, "placements": placements, "depth": depth,
       "gateway": gateway, "peers": peers, "streams": streams, "transcribe": transcribe,
       "tail": tail, "batcher": batcher, "inside": inside, "system-calls": system_calls,
       "fixed": fixed_cost, "gpu": model}
