#!/usr/bin/env python3
"""WebSockets at the edge of a platform, by a client of other people: python3-websockets."""
import asyncio
import json
import os
import sys
import unittest

from platform_under_test import BIN, Platform, until

try:
    import websockets
except ImportError:  # another Python than Debian's, whose package it is
    sys.path.append("/usr/lib/python3/dist-packages")
    try:
        import websockets
    except ImportError:
        websockets = None

from edge_client import field

BASE = "/chains/streaming/production/"
SECONDS = 60


def text(value):
    return json.dumps({"text": value})


class Sockets(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        os.environ["no_proxy"] = "127.0.0.1"
        cls.platform = Platform()
        cls.addClassCleanup(cls.platform.close)
        cls.platform.push(BIN / "streaming")

    def socket(self, method, key=True, **options):
        options.setdefault("extra_headers", {"Authorization": f"Api-Key {self.platform.key}"} if key else {})
        return websockets.connect(f"ws://{self.platform.http}{BASE}{method}", open_timeout=SECONDS,
                                  close_timeout=SECONDS, **options)

    async def next(self, socket):
        return await asyncio.wait_for(socket.recv(), SECONDS)

    async def assert_closes(self, socket, code, reason=""):
        """It has nothing else to say."""
        with self.assertRaises(websockets.ConnectionClosed):
            said = await self.next(socket)
            self.fail(f"it said {said}")
        self.assertEqual((socket.close_code, socket.close_reason), (code, reason))

    async def assert_refused(self, status, *arguments, **options):
        with self.assertRaises(websockets.InvalidStatusCode) as caught:
            async with self.socket(*arguments, **options):
                pass
        self.assertEqual(caught.exception.status_code, status)

    def in_flight(self):
        return any(each.get("in_flight") for each in self.platform.status("streaming")["chainlets"])

    async def test_texts_both_ways_one_at_a_time(self):
        async with self.socket("echo") as socket:
            for count, said in enumerate(("a", "", "ö\u2028🐦"), 1):
                await socket.send(text(said))
                answer = json.loads(await self.next(socket))
                self.assertEqual((int(answer["count"]), answer["text"]), (count, said))
            await socket.send("")
            await self.assert_closes(socket, 1000)

    async def test_bytes_are_protobuf(self):
        async with self.socket("echo") as socket:
            await socket.send(field(1, "hi"))
            self.assertEqual(await self.next(socket), field(1, 1) + field(2, "hi"))
            await socket.send("")
            await self.assert_closes(socket, 1000)

    async def test_messages_in_fragments_and_compressed(self):
        async with self.socket("echo", compression="deflate") as socket:
            await socket.send(['{"te', 'xt": "', 'a"}'])
            self.assertEqual(json.loads(await self.next(socket))["text"], "a")

    async def test_the_entrypoint_at_its_short_address(self):
        async with self.socket("websocket") as socket:
            await socket.send('{"items": 1, "interval_ms": 0}')
            parts = [json.loads(await self.next(socket)) for _ in range(3)]
            self.assertEqual([list(part)[0] for part in parts], ["header", "item", "footer"])
            await self.assert_closes(socket, 1000)

    async def test_many_requests_and_one_answer(self):
        async with self.socket("sum_up") as socket:
            for number in (40, 1, 1):
                await socket.send(json.dumps({"number": number}))
            await socket.send("")
            self.assertEqual(json.loads(await self.next(socket)), "42")
            await self.assert_closes(socket, 1000)

    async def test_an_error_is_the_last_message_and_a_code(self):
        async with self.socket("run_remote") as socket:
            await socket.send('{"interval_ms": 0, "cause_error": true}')
            messages = [json.loads(await self.next(socket)) for _ in range(4)]
            self.assertEqual([list(each)[0] for each in messages], ["header", "item", "item", "error"])
            self.assertEqual(messages[-1]["error"]["code"], "ABORTED")
            await self.assert_closes(socket, 4409, "an error, as cause_error asked")

    async def test_what_is_no_request_says_so(self):
        async with self.socket("echo") as socket:
            await socket.send("[")
            self.assertEqual(json.loads(await self.next(socket))["error"]["code"], "INVALID_ARGUMENT")
            with self.assertRaises(websockets.ConnectionClosed):
                await self.next(socket)
            self.assertEqual(socket.close_code, 4400)

    async def test_a_message_may_be_only_so_long(self):
        async with self.socket("echo", compression=None, max_size=None) as socket:
            await socket.send(text("x" * (1 << 20)))
            self.assertEqual(len(json.loads(await self.next(socket))["text"]), 1 << 20)
            with self.assertRaises(websockets.ConnectionClosed):
                await socket.send(text("x" * (17 << 20)))
                await self.next(socket)
            self.assertEqual(socket.close_code, 1009)

    async def test_keys_come_as_headers_or_as_subprotocols(self):
        await self.assert_refused(401, "echo", key=False)
        await self.assert_refused(401, "echo", key=False, subprotocols=["chains.v1", "chains.key.wrong"])
        async with self.socket("echo", key=False,
                               subprotocols=["chains.v1", f"chains.key.{self.platform.key}"]) as socket:
            self.assertEqual(socket.subprotocol, "chains.v1")
            await socket.send(text("a"))
            await self.next(socket)

    async def test_pages_of_other_origins_are_refused(self):
        await self.assert_refused(403, "echo", origin="https://elsewhere.example")
        async with self.socket("echo", origin=f"http://{self.platform.http}") as socket:
            await socket.send(text("a"))
            await self.next(socket)

    async def test_a_method_that_is_not_there_is_not_found(self):
        await self.assert_refused(404, "nope")

    async def test_a_method_that_does_not_stream_is_called_once_a_message(self):
        async with self.socket("gather") as socket:
            for items in (1, 3):
                await socket.send(json.dumps({"items": items, "interval_ms": 0}))
                self.assertEqual(len(json.loads(await self.next(socket))["items"]), items)
            await socket.send("")
            await self.assert_closes(socket, 1000)

    async def test_a_client_that_leaves_stops_all_of_its_work(self):
        async with self.socket("run_remote") as socket:
            await socket.send('{"interval_ms": 600000}')
            await self.next(socket)
            until(self.in_flight, "the stream to be seen")
        until(lambda: not self.in_flight(), "the stream to end")

    async def test_it_answers_pings(self):
        async with self.socket("echo") as socket:
            await asyncio.wait_for(await socket.ping(), SECONDS)


if __name__ == "__main__":
    if websockets:
        unittest.main()
    else:
        print("SKIPPED: python3-websockets is not installed (./dev setup test)")
