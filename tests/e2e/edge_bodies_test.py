#!/usr/bin/env python3
"""Bodies at the edge of a platform: raw, forms, protobuf, compressed, too large."""
import base64
import gzip
import json
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import unittest
import zlib

from edge_client import Edge, delimited, field
from platform_under_test import BIN, Platform

BASE = "/chains/edges/production/"
RUN, LIGHT, POUR = BASE + "run_remote", BASE + "light", BASE + "pour"
STREAM = "/chains/streaming/production/"
BYTES = bytes(range(256)) * 4
LARGE = BYTES * 5000  # 5 MB
WAV = {"Content-Type": "audio/wav"}


def weight(data, label="", pieces=1):
    return {"label": label, "bytes": str(len(data)), "sum": sum(data) % 2**32, "pieces": pieces}


def zstd(data):
    """A frame with one block that is stored as it is (RFC 8878): Python 3.11 has no zstd."""
    return struct.pack("<IBI", 0xFD2FB528, 0xA0, len(data)) + \
        struct.pack("<I", len(data) << 3 | 1)[:3] + data


class Bodies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.platform = Platform()
        cls.addClassCleanup(cls.platform.close)
        cls.platform.push(BIN / "edges")
        cls.platform.push(BIN / "streaming")
        cls.edge = Edge(cls.platform.http, cls.platform.key)

    def weigh(self, path, body, headers=None):
        status, answer = self.edge.json(path, body, headers)
        self.assertEqual(status, 200, answer)
        return {**answer, "bytes": str(answer["bytes"])}

    def curl(self, path, *arguments):
        """What curl prints."""
        done = subprocess.run(
            ["curl", "-sS", "--noproxy", "*", "--max-time", "60", "-H", f"Authorization: Api-Key {self.platform.key}",
             *arguments, f"http://{self.platform.http}{path}"], capture_output=True, timeout=90)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def file(self, data):
        path = self.folder / "file"
        path.write_bytes(data)
        return path

    def test_bytes_in_json(self):
        body = json.dumps({"label": "a", "data": base64.b64encode(BYTES).decode()})
        self.assertEqual(self.weigh(RUN, body), weight(BYTES, "a"))

    def test_a_raw_body_is_the_one_field_of_bytes(self):
        self.assertEqual(self.weigh(RUN, BYTES, WAV), weight(BYTES))
        self.assertEqual(self.weigh(RUN + "?label=a%20b", BYTES, WAV), weight(BYTES, "a b"))

    def test_protobuf_in_and_out(self):
        status, headers, reply = self.edge.all(RUN, field(1, "a") + field(2, b"\x01\x02"),
                                               {"Content-Type": "application/x-protobuf"})
        self.assertEqual((status, headers["Content-Type"]), (200, "application/x-protobuf"))
        self.assertEqual(reply, field(1, "a") + field(2, 2) + field(3, 3) + field(4, 1))

    def test_a_form_has_a_part_for_each_field(self):
        said = json.loads(self.curl(RUN, "-F", "label=a", "-F", f"data=@{self.file(BYTES)}"))
        self.assertEqual({**said, "bytes": str(said["bytes"])}, weight(BYTES, "a"))

    def test_a_file_of_a_form_is_streamed_to_a_method_that_takes_a_stream(self):
        said = json.loads(self.curl(POUR, "-F", "label=a", "-F", f"data=@{self.file(LARGE)}"))
        self.assertEqual((int(said["bytes"]), said["sum"], said["label"]), (len(LARGE), sum(LARGE), "a"))
        self.assertGreater(said["pieces"], 1)

    def test_a_raw_body_is_streamed_to_a_method_that_takes_a_stream(self):
        said = self.weigh(POUR + "?label=a", LARGE, {"Content-Type": "application/octet-stream"})
        self.assertEqual((int(said["bytes"]), said["sum"], said["label"]), (len(LARGE), sum(LARGE), "a"))
        self.assertGreater(said["pieces"], 1)

    def test_compressed_requests(self):
        for name, packed in (("gzip", gzip.compress(BYTES)), ("zstd", zstd(BYTES)), ("identity", BYTES)):
            self.assertEqual(self.weigh(RUN, packed, {**WAV, "Content-Encoding": name}), weight(BYTES), name)
        lines = b'{"number": 40}\n{"number": 2}\n'
        answer = self.edge.json(STREAM + "sum_up", gzip.compress(lines),
                                {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"})
        self.assertEqual(answer, (200, "42"))

    def test_encodings_that_are_not_known_and_bodies_that_are_not_theirs(self):
        status, answer = self.edge.json(RUN, BYTES, {**WAV, "Content-Encoding": "br"})
        self.assertEqual(status, 415, answer)
        for name in ("gzip", "zstd"):
            status, answer = self.edge.json(RUN, BYTES, {**WAV, "Content-Encoding": name})
            self.assertEqual((status, answer["error"]["code"]), (400, "INVALID_ARGUMENT"))

    def test_compressed_answers(self):
        body = '{"items": 200, "interval_ms": 0}'
        plain = self.edge.all(STREAM + "gather", body)[2]
        _, headers, packed = self.edge.all(STREAM + "gather", body, {"Accept-Encoding": "gzip"})
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertIn("Accept-Encoding", headers["Vary"])
        self.assertLess(len(packed), len(plain))
        self.assertEqual(gzip.decompress(packed), plain)
        _, headers, packed = self.edge.all(STREAM + "gather", body, {"Accept-Encoding": "gzip;q=0.5, zstd"})
        self.assertEqual((headers["Content-Encoding"], packed[:4]), ("zstd", b"\x28\xb5\x2f\xfd"))
        if shutil.which("zstd"):
            unpacked = subprocess.run(["zstd", "-d"], input=packed, capture_output=True, timeout=60).stdout
            self.assertEqual(unpacked, plain)
        for small in ("{}", None):  # too short to be worth it
            _, headers, _ = self.edge.all(RUN, field(1, "a"), {"Content-Type": "application/x-protobuf",
                                                               "Accept-Encoding": "gzip"})
            self.assertIsNone(headers["Content-Encoding"], small)

    def test_a_compressed_stream_is_flushed_part_by_part(self):
        with self.edge.ask(STREAM + "run_remote", '{"interval_ms": 600000}', {"Accept-Encoding": "gzip"}) as response:
            self.assertEqual(response.headers["Content-Encoding"], "gzip")
            unpack, text = zlib.decompressobj(31), b""
            while not text.endswith(b"\n"):
                text += unpack.decompress(response.read1())
            self.assertEqual(json.loads(text)["header"]["items"], 4)

    def test_a_body_over_the_methods_limit_is_refused(self):
        self.assertEqual(self.weigh(LIGHT, BYTES[:1000], WAV), weight(BYTES[:1000]))
        for body in (BYTES, iter([BYTES[:600], BYTES[:600]])):  # the second one comes in chunks
            status, answer = self.edge.json(LIGHT, body, WAV)
            self.assertEqual(status, 413, answer)

    def test_a_body_over_the_gateways_limit_is_refused_before_it_is_sent(self):
        with socket.create_connection(self.platform.http.split(":"), timeout=60) as connection:
            connection.sendall((f"POST {RUN} HTTP/1.1\r\nHost: x\r\nAuthorization: Api-Key {self.platform.key}\r\n"
                                "Content-Length: 1000000000\r\n\r\n").encode())
            self.assertIn(b" 413 ", connection.recv(65536).split(b"\r\n")[0])

    def test_a_bomb_does_not_go_off(self):
        bomb = gzip.compress(bytes(300_000_000), 1)
        for path in (RUN, POUR, LIGHT):
            status, answer = self.edge.json(path, bomb, {**WAV, "Content-Encoding": "gzip"})
            self.assertEqual(status, 413, answer)
        self.assertEqual(self.weigh(RUN, BYTES, WAV), weight(BYTES))  # and all others go on

    def test_a_stream_of_protobuf_messages(self):
        status, _, reply = self.edge.all(POUR, delimited(field(1, "a"), field(2, b"\x01"), field(2, b"\x02")),
                                         {"Content-Type": "application/x-protobuf"})
        self.assertEqual((status, reply), (200, field(1, "a") + field(2, 2) + field(3, 3) + field(4, 2)))


if __name__ == "__main__":
    unittest.main()
