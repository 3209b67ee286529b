"""What ./dev bench measures. Every case is a function of a Bench that answers rows."""

from cases.calls import echo, fan_out, placements, tail
from cases.common import Bench
from cases.fixed import fixed_cost
from cases.within import inside

__all__ = ["ALL", "Bench"]

ALL = {"echo": echo, "fan-out": fan_out, "placements": placements, "tail": tail, "inside": inside,
       "fixed": fixed_cost}
