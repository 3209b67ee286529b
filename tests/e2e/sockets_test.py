#!/usr/bin/env python3
"""WebSockets by a stock client, Debian's python3-websockets, to a gateway in front of two replicas."""
import asyncio
import json
import signal
import unittest

import websockets

import processes
from processes import KEY, EndToEnd, serve

TALK = "/chains/talk/production"
SECONDS = 60


def line(text):
    return json.dumps({"text": text})


class Sockets(EndToEnd):
    @classmethod
    def prepare(cls):
        cls.shout = cls.start(serve("talk", "Shout"))
        cls.talk = cls.start(serve("talk", "Talk", "--endpoints", f"Shout={cls.shout.address}"))
        cls.gateway = cls.start(processes.gateway(
            cls.folder.name, {"talk/production": cls.talk.address}, "--cors-origin", "https://app.example.com"))

    def connect(self, method, key=KEY, **options):
        headers = {"Authorization": f"Api-Key {key}"} if key else {}
        return websockets.connect(f"ws://{self.gateway.address}{TALK}/{method}", extra_headers=headers,
                                  **options)

    def run_client(self, client):
        asyncio.run(asyncio.wait_for(client, SECONDS))

    def test_streams_both_ways_through_a_chainlet_of_another_process(self):
        async def client():
            async with self.connect("websocket") as socket:
                for word in ("one", "two", "drei \u00fc"):
                    await socket.send(line(word))
                    self.assertEqual(json.loads(await socket.recv())["text"], word.upper().replace("Ü", "ü"))
                await socket.send("")
                self.assertEqual(json.loads(await socket.recv())["text"], "THAT WAS ALL")
                with self.assertRaises(websockets.ConnectionClosedOK) as closed:
                    await socket.recv()
                self.assertEqual(closed.exception.rcvd.code, 1000)
        self.run_client(client())

    def test_takes_fragments_pings_and_protobuf(self):
        async def client():
            async with self.connect("run_remote") as socket:
                await socket.send(['{"te', 'xt": ', '"piec', 'es"}'])
                self.assertEqual(json.loads(await socket.recv())["text"], "PIECES")
                await asyncio.wait_for(await socket.ping(b"there?"), SECONDS)
            async with self.connect("run_remote") as socket:
                await socket.send(b"\x0a\x05bytes")
                self.assertEqual(await socket.recv(), b"\x0a\x05BYTES")
        self.run_client(client())

    def test_ends_with_the_callees_own_error(self):
        async def client():
            async with self.connect("run_remote") as socket:
                await socket.send(line("fail"))
                error = json.loads(await socket.recv())["error"]
                self.assertEqual((error["code"], error["message"]), ("UNAVAILABLE", "hoarse"))
                self.assertEqual([hop["chainlet"] for hop in error["path"]], ["talk.Talk", "talk.Shout"])
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    await socket.recv()
                said = closed.exception.rcvd
                self.assertEqual((said.code, said.reason), (4503, "hoarse"))
        self.run_client(client())

    def test_streams_replies_that_are_large(self):
        async def client():
            async with self.connect("count", max_size=None) as socket:
                await socket.send(json.dumps({"lines": 3, "bytes": 3000000}))
                lines = [json.loads(text) async for text in socket]
                self.assertEqual([each["text"] for each in lines], ["0", "1", "2"])
                self.assertEqual({len(each["blob"]) for each in lines}, {4000000})
        self.run_client(client())

    def test_refuses_messages_that_are_too_long(self):
        async def client():
            async with self.connect("join") as socket:
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    await socket.send("x" * (17 << 20))
                    await socket.recv()
                self.assertEqual(closed.exception.rcvd.code, 1009)
        self.run_client(client())

    def test_takes_the_key_as_a_page_can_give_it(self):
        async def client():
            for offered, status in ((["chains.v1"], 401), (["chains.v1", "chains.key.other"], 401)):
                with self.assertRaises(websockets.InvalidStatusCode) as refused:
                    await self.connect("run_remote", key=None, subprotocols=offered)
                self.assertEqual(refused.exception.status_code, status)
            async with self.connect("run_remote", key=None, origin="https://app.example.com",
                                    subprotocols=["chains.v1", f"chains.key.{KEY}"]) as socket:
                self.assertEqual(socket.subprotocol, "chains.v1")
                await socket.send(line("page"))
                self.assertEqual(json.loads(await socket.recv())["text"], "PAGE")
            with self.assertRaises(websockets.InvalidStatusCode) as refused:
                await self.connect("run_remote", origin="https://evil.example.com")
            self.assertEqual(refused.exception.status_code, 403)
        self.run_client(client())

    def test_says_1001_when_the_gateway_leaves(self):
        async def client():
            leaving = processes.gateway(self.folder.name, {"talk/production": self.talk.address},
                                        "--drain-timeout", "1s")
            try:
                uri = f"ws://{leaving.address}/run_remote"
                async with websockets.connect(uri, extra_headers={"Authorization": f"Bearer {KEY}"}) as socket:
                    await socket.send(line("a"))
                    self.assertEqual(json.loads(await socket.recv())["text"], "A")
                    leaving.process.send_signal(signal.SIGTERM)
                    with self.assertRaises(websockets.ConnectionClosed) as closed:
                        await socket.recv()
                    self.assertEqual(closed.exception.rcvd.code, 1001)
            finally:
                self.assertEqual(leaving.stop(), 0)
        self.run_client(client())


if __name__ == "__main__":
    unittest.main()
