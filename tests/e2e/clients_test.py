#!/usr/bin/env python3
"""Clients that know nothing of Chains: stubs of grpc_cpp_plugin, and one that asks reflection."""
import json
import os
import pathlib
import unittest

from processes import EndToEnd, run, serve


class Clients(EndToEnd):
    @classmethod
    def prepare(cls):
        say = cls.start(serve("hello", "SayHello"))
        cls.hello = cls.start(serve("hello", "HelloAll", "--endpoints", f"SayHello={say.address}"))
        cls.recognizer = cls.start(serve("transcribe", "Recognizer"))
        # Half a second of silence: 16 kHz, 16 bit.
        cls.silence = pathlib.Path(cls.folder.name) / "silence.pcm"
        cls.silence.write_bytes(bytes(16000))

    def test_a_stock_client_calls_hello(self):
        done = run("stock_client", "hello", self.hello.address, "Ada", "Grace")
        self.assertEqual((done.stdout, done.returncode), ("Hello, Ada\nHello, Grace\n", 0), done.stderr)

    def test_a_stock_client_calls_the_recognizer(self):
        done = run("stock_client", "recognizer", self.recognizer.address, self.silence)
        self.assertEqual((done.stdout, done.returncode), ("\n", 0), done.stderr)

    def test_a_stock_client_sees_status_codes(self):
        done = run("stock_client", "recognizer", self.hello.address, self.silence)
        self.assertIn("code 12", done.stderr)  # UNIMPLEMENTED

    def test_a_generic_client_calls_hello_by_reflection(self):
        done = run("reflection_client", self.hello.address, "hello.HelloAll", "RunRemote",
                   '{"names": ["Ada"]}')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), {"result": "Hello, Ada"})

    def test_a_generic_client_calls_the_recognizer_by_reflection(self):
        done = run("reflection_client", self.recognizer.address, "transcribe.Recognizer", "RunRemote",
                   '{"pcm": ""}')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["language_code"], "en")

    def test_reflection_lists_the_services(self):
        done = run("reflection_client", self.hello.address)
        self.assertIn("hello.HelloAll", done.stdout.splitlines())


if __name__ == "__main__":
    unittest.main()
