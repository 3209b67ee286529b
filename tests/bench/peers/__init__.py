"""The hello chain as others build it, from packages of Debian 12 (`./dev setup bench`)."""

import os
import subprocess

from processes import Failed, Server, run

HERE = os.path.dirname(os.path.abspath(__file__))
INSTALL = "install it with ./dev setup bench"
PYTHON = "/usr/bin/python3"  # Debian's, whose packages these are
GO_SOURCES = "/usr/share/gocode"
GOOGLE_APIS = (f"{GO_SOURCES}/src/github.com/grpc-ecosystem/grpc-gateway/third_party/googleapis")


def fastapi(stack):
    """FastAPI on uvicorn, a process per chainlet, which call each other by aiohttp: the servers,
    the one that answers HTTP first. `stack` ends them."""
    try:
        run([PYTHON, "-c", "import aiohttp, fastapi, httptools, uvicorn, uvloop"], 60)
    except (Failed, OSError) as failure:
        raise Failed(f"FastAPI cannot run; {INSTALL}. {failure}") from None
    program = [PYTHON, os.path.join(HERE, "fastapi_hello.py")]
    say_hello = stack.enter_context(Server([*program, "say-hello"]))
    hello_all = stack.enter_context(Server([*program, "hello-all", say_hello.address]))
    return [hello_all, say_hello]


def go_gateway(stack, folder):
    """grpc-gateway in front of HelloAll and SayHello in Go, three processes: the servers, the one
    that answers HTTP first. `stack` ends them; they are built into `folder`."""
    programs = build_go(folder)
    say_hello = stack.enter_context(Server([programs["say_hello"]]))
    hello_all = stack.enter_context(Server([programs["hello_all"], say_hello.address]))
    return [stack.enter_context(Server([programs["gateway"], hello_all.address])), hello_all,
            say_hello]


def build_go(folder):
    """The programs by name. Without network and modules: only what Debian's packages have; a minute
    the first time, then a second by Go's cache in `folder`."""
    generated = os.path.join(folder, "src", "hello")
    os.makedirs(generated, exist_ok=True)
    build_in = {**os.environ, "GO111MODULE": "off", "GOPATH": f"{folder}:{GO_SOURCES}",
                "GOCACHE": os.path.join(folder, "cache"), "GOFLAGS": ""}
    sources = os.path.join(HERE, "go")
    try:
        run(["protoc", "-I", sources, "-I", GOOGLE_APIS, f"--go_out=plugins=grpc:{generated}",
             f"--grpc-gateway_out={generated}", "hello.proto"], 60)
        programs = {}
        for name in ("say_hello", "hello_all", "gateway"):
            programs[name] = os.path.join(folder, name)
            run(["go", "build", "-o", programs[name], os.path.join(sources, name, "main.go")], 600,
                env=build_in)
    except (Failed, OSError, subprocess.TimeoutExpired) as failure:
        raise Failed(f"grpc-gateway cannot be built; {INSTALL}. {failure}") from None
    return programs
