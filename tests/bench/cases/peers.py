"""The hello chain over HTTP against the same chain as others build it (tests/bench/peers)."""

import contextlib
import http.client
import json
import os

import peers as stacks
from processes import Failed
from rows import Goal, Row, at_least, ratios

from cases.common import per_second

BODY = json.dumps({"names": ["Ada", "Ada", "Ada"]})  # as Bench.post() sends it
ANSWER = json.dumps("Hello, Ada\nHello, Ada\nHello, Ada")
GOALS = {"FastAPI": at_least(10), "grpc-gateway": at_least(2.5), "gateway apart": Goal()}


def peers(bench):
    """POST /run_remote with three names, each a call to a second process; TCP everywhere."""
    with contextlib.ExitStack() as stack:
        go_folder = os.path.join(os.path.dirname(os.path.abspath(bench.programs)), "peers")
        chains = {"inside": inside(bench, stack), "gateway apart": apart(bench, stack),
                  "FastAPI": stacks.fastapi(stack),
                  "grpc-gateway": stacks.go_gateway(stack, go_folder)}
        for name, servers in chains.items():
            check_answer(name, http_of(servers))
        rows = []
        for connections in (32, 1):
            rows += compared(connections, dict(zip(chains, bench.in_turn(*[
                lambda servers=servers: bench.post(http_of(servers), connections,
                                                   [server.pid for server in servers])
                for servers in chains.values()]), strict=True)))
    return rows


def inside(bench, stack):
    """Its servers, the one that answers HTTP first: as those of a peer."""
    hello = stack.enter_context(bench.hello_server("chains", "127.0.0.1:0"))
    return [stack.enter_context(bench.entrypoint("peers", hello.address, "--http", "127.0.0.1:0")),
            hello]


def apart(bench, stack):
    hello = stack.enter_context(bench.hello_server("chains", "127.0.0.1:0"))
    hello_all = stack.enter_context(bench.hello_all_server("chains", hello.address, "127.0.0.1:0"))
    return [stack.enter_context(bench.gateway(hello_all.address)), hello_all, hello]


def http_of(servers):
    return servers[0].http or servers[0].address


def check_answer(name, address):
    with contextlib.closing(http.client.HTTPConnection(address, timeout=30)) as connection:
        connection.request("POST", "/run_remote", BODY, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read().decode()
    if (response.status, answer) != (200, ANSWER):
        raise Failed(f"{name}: {response.status} {answer!r} is not the answer, {ANSWER!r}")


def servers_cpu(results):
    """µs a request of all processes but the load generator."""
    return [sum(result["cpu_us"][1:]) for result in results]


def compared(connections, results):
    """Rows that hold the chain with its gateway inside against all others."""
    ours = results.pop("inside")
    name = f"hello chain over HTTP, {connections} connection{'s' if connections > 1 else ''}"
    rows = []
    for other, theirs in results.items():
        if connections > 1:
            rows.append(Row(name, f"requests/s ÷ {other}",
                            ratios(per_second(ours), per_second(theirs)),
                            GOALS[other],
                            note=f"{per_second(ours)[0]:,.0f}/s, {per_second(theirs)[0]:,.0f}/s"))
        else:
            rows.append(Row(name, f"p50 ÷ {other}",
                            ratios([each["p50_us"] for each in ours],
                                   [each["p50_us"] for each in theirs]),
                            note=f"{ours[0]['p50_us']:.0f} µs, {theirs[0]['p50_us']:.0f} µs"))
        rows.append(Row(name, f"CPU of all processes ÷ {other}",
                        ratios(servers_cpu(ours), servers_cpu(theirs)),
                        note=f"{servers_cpu(ours)[0]:.0f} µs, {servers_cpu(theirs)[0]:.0f} µs"))
    return rows
