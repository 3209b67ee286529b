"""HTTP in front of the hello chain: the gateway inside the entrypoint's process, and apart from it.

SayHello is in another process, behind a unix socket; HTTP goes over TCP.
"""

import contextlib
from dataclasses import dataclass

from processes import Server
from rows import Row, at_least, at_most, ratios

from cases.common import cpu, per_second

RATE = 2000


@dataclass
class Stage:
    """What is called: a gateway inside, a gateway with its entrypoint, a gateway whose entrypoint
    takes no calls that share a stream, what all of them call, floors."""

    hello: Server
    inside: Server
    entrypoint: Server
    gateway: Server
    entrypoint_alone: Server
    gateway_alone: Server
    constant: Server
    json: Server

    @property
    def inside_pids(self):
        return [self.inside.pid, self.hello.pid]

    @property
    def apart_pids(self):
        return [self.gateway.pid, self.entrypoint.pid, self.hello.pid]

    @property
    def alone_pids(self):
        return [self.gateway_alone.pid, self.entrypoint_alone.pid, self.hello.pid]


@contextlib.contextmanager
def stage(bench):
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        hello = enter(bench.hello_server("chains"))
        entrypoint = enter(bench.entrypoint("apart", hello.address))
        alone = enter(bench.entrypoint("alone", hello.address, "--no-carriers"))
        raw_http = bench.program("bench-raw-http")
        yield Stage(
            hello=hello, entrypoint=entrypoint,
            inside=enter(bench.entrypoint("inside", hello.address, "--http", "127.0.0.1:0")),
            gateway=enter(bench.gateway(entrypoint.address)),
            entrypoint_alone=alone,
            gateway_alone=enter(bench.gateway(alone.address)),
            constant=enter(Server([raw_http, "constant", "127.0.0.1:0"])),
            json=enter(Server([raw_http, "hello", "127.0.0.1:0"])))


def throughput(bench, on, connections):
    """Rows of inside against apart, and what was measured of each."""
    inside, apart, alone, grpc = bench.in_turn(
        lambda: bench.post(on.inside.http, connections, on.inside_pids),
        lambda: bench.post(on.gateway.address, connections, on.apart_pids),
        lambda: bench.post(on.gateway_alone.address, connections, on.alone_pids),
        lambda: bench.caller("raw", "hello-all", on.entrypoint.address, connections, 3,
                             [on.entrypoint.pid, on.hello.pid]))
    name = f"hello chain over HTTP, {connections} connections"
    on_top = [sum(a["cpu_us"][1:3]) - g["cpu_us"][1] for a, g in zip(apart, grpc, strict=True)]
    return [
        Row(name, "requests/s: gateway inside ÷ apart",
            ratios(per_second(inside), per_second(apart)), at_least(1.5),
            note=f"{per_second(inside)[0]:,.0f}/s, {per_second(apart)[0]:,.0f}/s"),
        Row(name, "requests/s: gateway inside ÷ apart, a gRPC call a request",
            ratios(per_second(inside), per_second(alone)), at_least(1.5),
            note=f"{per_second(alone)[0]:,.0f}/s"),
        Row(name, "CPU of all servers: gateway inside ÷ apart",
            ratios(cpu(inside, [1, 2]), cpu(apart, [1, 2, 3])),
            note=f"{cpu(inside, [1, 2])[0]:.0f} µs, {cpu(apart, [1, 2, 3])[0]:.0f} µs"),
        Row(name, "CPU of a gateway apart on top of a gRPC call", on_top, at_most(52, " µs"),
            unit=" µs", note=f"gateway {apart[0]['cpu_us'][1]:.0f} µs"),
        Row(name, "requests/s: gateway inside ÷ a raw gRPC caller",
            ratios(per_second(inside), per_second(grpc)),
            note=f"gRPC {per_second(grpc)[0]:,.0f}/s"),
        Row(name, "requests/s: gateway apart ÷ a raw gRPC caller",
            ratios(per_second(apart), per_second(grpc)))]


def floors(bench, on, connections):
    inside, constant, json = bench.in_turn(
        lambda: bench.post(on.inside.http, connections, on.inside_pids),
        lambda: bench.post(on.constant.address, connections, [on.constant.pid]),
        lambda: bench.post(on.json.address, connections, [on.json.pid]))
    name = f"hello chain over HTTP, {connections} connections"
    return [
        Row(name, "requests/s: gateway inside ÷ a constant answer",
            ratios(per_second(inside), per_second(constant)),
            note=f"constant {per_second(constant)[0]:,.0f}/s, {cpu(constant, [1])[0]:.1f} µs"),
        Row(name, "requests/s: gateway inside ÷ HTTP and JSON alone",
            ratios(per_second(inside), per_second(json)),
            note=f"alone {per_second(json)[0]:,.0f}/s, {cpu(json, [1])[0]:.1f} µs")]


def latency(bench, on):
    """One connection, then a stated rate over 32, counted from when calls were due."""
    def each(connections, rate=0):
        inside, apart = bench.in_turn(
            lambda: bench.post(on.inside.http, connections, rate=rate),
            lambda: bench.post(on.gateway.address, connections, rate=rate))
        return lambda key: ([figure[key] for figure in inside], [figure[key] for figure in apart])
    rows = []
    one = each(1)
    rows.append(Row("hello chain over HTTP, 1 connection", "p50: gateway inside ÷ apart",
                    ratios(*one("p50_us")), note=f"{one('p50_us')[0][0]:.0f} µs inside"))
    stated = each(32, RATE)
    for key, label in (("p50_us", "p50"), ("p99_us", "p99"), ("p999_us", "p99.9")):
        inside, apart = stated(key)
        rows.append(Row(f"hello chain over HTTP at {RATE:,}/s, open loop",
                        f"{label}: gateway inside ÷ apart", ratios(inside, apart),
                        note=f"{min(inside):,.0f} µs, {min(apart):,.0f} µs at best"))
    return rows


def gateway(bench):
    """The hello chain with three names behind HTTP."""
    with stage(bench) as on:
        return (throughput(bench, on, 32) + floors(bench, on, 32)
                + throughput(bench, on, 16) + latency(bench, on))
