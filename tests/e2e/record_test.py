#!/usr/bin/env python3
"""Requests that fail on a platform are recorded there, and fail again where nothing of it is: without
the speech model, the network, or the platform."""
import base64
import io
import json
import math
import os
import struct
import subprocess
import unittest
import wave

from platform_under_test import BIN, SECONDS, Platform, until

RUN = "/chains/transcribe/production/run_remote"
NO_MODEL = "speech model: there is no "


def tone():
    """Two seconds of it, as a WAV file in base64: the recognizer is asked, whatever it makes of it."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        samples = (int(8000 * math.sin(i / 16000 * 440 * 2 * math.pi)) for i in range(32000))
        file.writeframes(b"".join(struct.pack("<h", each) for each in samples))
    return base64.b64encode(out.getvalue()).decode()


class Recorded(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = Platform("--memory", "1Ti")
        cls.addClassCleanup(cls.platform.close)
        cls.platform.push(BIN / "transcribe_without_model")
        cls.request = json.dumps({"media": tone(), "params": {"allow_partial": False}})
        cls.file = cls.platform.folder / "failed.rec"
        cls.record()

    @classmethod
    def record(cls):
        """One request that fails, among others that cannot."""
        recording = subprocess.Popen(
            [BIN / "chains", "record", "transcribe", "--failed", "--requests", "1", "--for", f"{SECONDS:.0f}s",
             "-o", cls.file], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "CHAINS_HOME": str(cls.platform.home)})
        cls.answers = []

        def asked():
            cls.answers.append(cls.platform.post(RUN, cls.request))
            return recording.poll() is not None
        try:
            until(asked, "a request to be recorded")
        finally:
            if recording.poll() is None:
                recording.kill()
            cls.said = recording.communicate()[0]

    def replay(self, program, *flags):
        """(exit code, what it said) of a process that knows of no platform."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CHAINS_")}
        done = subprocess.run([BIN / program, "replay", self.file, *flags], capture_output=True, text=True,
                              timeout=SECONDS, env=environment)
        return done.returncode, done.stdout + done.stderr

    def test_the_request_failed_for_want_of_the_model(self):
        status, answer = self.answers[-1]
        self.assertEqual((status, answer["error"]["code"]), (400, "FAILED_PRECONDITION"), answer)
        self.assertIn(NO_MODEL, answer["error"]["message"])

    def test_it_is_recorded_as_a_whole(self):
        self.assertIn("1 request in ", self.said)
        self.assertNotIn("not whole", self.said)

    def test_it_fails_again_without_what_the_chain_calls(self):
        for program in ("transcribe_without_model", "transcribe"):
            code, said = self.replay(program, "--mock", "rest")
            self.assertIn("1 of 1 as recorded", said)
            self.assertIn(NO_MODEL, said)
            self.assertEqual(code, 0, said)

    def test_it_fails_again_where_only_the_recognizer_is_played(self):
        code, said = self.replay("transcribe_without_model", "--mock", "Recognizer")
        self.assertIn("1 of 1 as recorded", said)
        self.assertEqual(code, 0, said)

    def test_where_the_model_is_the_answer_is_another_one(self):
        code, said = self.replay("transcribe", "--real", "MacroChunkWorker", "--real", "Recognizer")
        self.assertIn("recorded  FAILED_PRECONDITION: " + NO_MODEL, said)
        self.assertIn("now       ", said)
        self.assertIn("0 of 1 as recorded", said)
        self.assertEqual(code, 1, said)

    def test_its_trace_is_kept_with_the_gateways_part(self):
        request_id = "recorded-and-traced"
        self.platform.post(RUN, self.request, headers={"X-Request-Id": request_id, "traceparent":
                           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
        done = until(lambda: self.trace("0af7651916cd43dd8448eb211c80319c"), "the trace to be kept")
        self.assertIn(RUN, done)
        for chainlet in ("Transcribe", "MacroChunkWorker", "Recognizer"):
            self.assertIn(chainlet, done)
        self.assertIn(NO_MODEL, done)

    def trace(self, trace_id):
        done = self.platform.run("trace", trace_id, check=False)
        return done.stdout if done.returncode == 0 and "Recognizer" in done.stdout else None


if __name__ == "__main__":
    unittest.main()
