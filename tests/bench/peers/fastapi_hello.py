#!/usr/bin/env python3
"""The hello chain as the system that we succeed runs it: a process per chainlet, each FastAPI on
uvicorn with uvloop and httptools; chainlets call each other by aiohttp.

    fastapi_hello.py say-hello
    fastapi_hello.py hello-all SAY_HELLO      # HOST:PORT

Prints "listening on HOST:PORT" and serves on a free port of the loopback until SIGTERM.
"""

import asyncio
import socket
import sys

import aiohttp
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class SayHelloRequest(BaseModel):
    name: str


class HelloAllRequest(BaseModel):
    names: list[str]


def say_hello():
    app = FastAPI()

    @app.post("/run_remote")
    async def run_remote(request: SayHelloRequest) -> str:
        return f"Hello, {request.name}"

    return app


def hello_all(say_hello_address):
    app = FastAPI()
    url = f"http://{say_hello_address}/run_remote"

    @app.on_event("startup")
    async def open_pool():
        app.state.client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), raise_for_status=True)

    @app.on_event("shutdown")
    async def close_pool():
        await app.state.client.close()

    async def greet(name):
        async with app.state.client.post(url, json={"name": name}) as response:
            return await response.json()

    @app.post("/run_remote")
    async def run_remote(request: HelloAllRequest) -> str:
        return "\n".join(await asyncio.gather(*map(greet, request.names)))

    return app


def serve(app):
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)

    @app.on_event("startup")
    async def tell():
        print("listening on", "{}:{}".format(*listener.getsockname()), flush=True)

    uvicorn.Server(uvicorn.Config(app, loop="uvloop", http="httptools", ws="none",
                                  log_level="warning", access_log=False)).run(sockets=[listener])


def main():
    if sys.argv[1:] == ["say-hello"]:
        serve(say_hello())
    elif len(sys.argv) == 3 and sys.argv[1] == "hello-all":
        serve(hello_all(sys.argv[2]))
    else:
        sys.exit("usage: fastapi_hello.py say-hello | hello-all SAY_HELLO")


if __name__ == "__main__":
    main()
