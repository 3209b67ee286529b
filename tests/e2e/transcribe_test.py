#!/usr/bin/env python3
"""Recorded speech on an HTTP server, transcribed by URL by processes: entrypoint, two workers, recognizers.

With CHAINS_SPEECH_SECONDS more than the short form's 40 s; `./dev soak transcribe` takes ten minutes, and asks
one worker with one recognizer as well.
"""
import contextlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time
import unittest
import wave

from media_server import MediaServer
from processes import BIN, EndToEnd, Server, run, serve

SECONDS = int(os.environ.get("CHAINS_SPEECH_SECONDS", "40"))
MACRO_SECONDS = max(10, SECONDS // 10)
TIMEOUT = 120 + 4 * SECONDS
SPEECH = pathlib.Path("/usr/share/pocketsphinx/test/data/librivox")
KINDS = {  # what ffmpeg makes of the sentence
    "mp3": ["-b:a", "64k"],
    "ogg": ["-c:a", "libvorbis", "-q:a", "5"],
    "mp4": ["-c:a", "aac", "-b:a", "64k"],
    "mu-law.wav": ["-ar", "8000", "-c:a", "pcm_mulaw"],
}


def recordings(folder, seconds):
    """The recordings with a known text, repeated, as one WAV file of so many seconds."""
    done = run("transcribe_score", "join", folder)
    assert done.returncode == 0, done.stderr
    with wave.open(str(folder / "recordings.wav")) as file:
        rate, once = file.getframerate(), file.readframes(file.getnframes())
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        wanted = seconds * rate * 2
        file.writeframes((once * (wanted // len(once) + 1))[:wanted])
    return out.getvalue()


def words_apart(one, other):
    """How many words are to be put in, taken out or exchanged."""
    one, other = one.split(), other.split()
    row = list(range(len(other) + 1))
    for i, word in enumerate(one, 1):
        before, row = row, [i]
        for j, there in enumerate(other, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (word != there)))
    return row[-1]


class Chain:
    """The chain as processes, with so many recognizers and workers."""

    def __init__(self, stack, count):
        def start(chainlet, callee, callees, *more):
            endpoints = ",".join(f"{callee}={each.address}" for each in callees)
            server = serve("transcribe", chainlet, *(["--endpoints", endpoints] if callees else []), *more)
            stack.callback(server.stop)
            return server
        allowed = ("--variable", "MEDIA_NETWORKS=127.0.0.1")
        cpus = sorted(os.sched_getaffinity(0))
        recognizers = []
        for i in range(count):  # each on a processor of its own
            server = Server(["taskset", "--cpu-list", str(cpus[i % len(cpus)]), BIN / "transcribe", "serve",
                             "--chainlets", "Recognizer", "--listen", "127.0.0.1:0"], r"^serving .* at ([^ ,\n]+)")
            stack.callback(server.stop)
            recognizers.append(server)
        workers = [start("MacroChunkWorker", "Recognizer", recognizers, *allowed) for _ in range(count)]
        self.entrypoint = start("Transcribe", "MacroChunkWorker", workers, *allowed)
        self.address = self.entrypoint.address

    @contextlib.contextmanager
    def listening(self, request):
        """A process that prints events as they come."""
        process = subprocess.Popen([BIN / "transcribe_listen", self.address, json.dumps(request)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        killer = threading.Timer(TIMEOUT, process.kill)
        killer.start()
        try:
            yield process
        finally:
            killer.cancel()
            process.kill()
            process.communicate()

    def events(self, request):
        with self.listening(request) as process:
            lines = process.stdout.readlines()
            errors = process.stderr.read()
            assert process.wait() == 0, errors
        return [json.loads(line) for line in lines]


def text_of(events):
    return " ".join(event["segment"].get("text", "") for event in events if "segment" in event)


class Transcribe(EndToEnd):
    @classmethod
    def prepare(cls):
        folder = pathlib.Path(cls.folder.name)
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.wav = recordings(folder, SECONDS)
        files = {"/speech.wav": cls.wav}
        if shutil.which("ffmpeg"):
            sentence = SPEECH / "sense_and_sensibility_01_austen_64kb-0920.wav"
            files["/sentence.wav"] = sentence.read_bytes()
            for kind, options in KINDS.items():
                subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", sentence, *options, folder / f"s.{kind}"],
                               check=True, timeout=60)
                files[f"/sentence.{kind}"] = (folder / f"s.{kind}").read_bytes()
        cls.media = MediaServer(files)
        cls.stack.callback(cls.media.close)
        cls.chain = Chain(cls.stack, 2)

    def request(self, path="/speech.wav"):
        return {"media_url": self.media.url(path),
                "params": {"macro_chunk_size_sec": MACRO_SECONDS, "micro_chunk_size_sec": 7}}

    def test_the_first_segment_comes_before_the_last_chunk_is_fetched(self):
        """The server keeps the last chunk back until a segment is there."""
        first_segment, kept_back = threading.Event(), threading.Event()
        begin_of_last = len(self.wav) * (SECONDS - MACRO_SECONDS // 2) // SECONDS

        def wait(path, first, last):
            if last >= begin_of_last and last > 100_000:
                kept_back.set()
                assert first_segment.wait(TIMEOUT)
        self.media.before = wait
        self.addCleanup(setattr, self.media, "before", lambda *_: None)
        self.media.served["/speech.wav"] = 0
        events, begun = [], time.monotonic()
        with self.chain.listening(self.request()) as process:
            for line in process.stdout:
                events.append(json.loads(line))
                if "segment" in events[-1] and not first_segment.is_set():
                    to_first = time.monotonic() - begun
                    first_segment.set()
            self.assertEqual(process.wait(), 0, process.stderr.read())
        self.assertTrue(kept_back.is_set())

        summary = events[-1]["summary"]
        self.assertEqual(events[0]["media"]["codec"], "pcm_s16le")
        self.assertAlmostEqual(summary["input_duration_sec"], SECONDS, delta=0.1)
        self.assertNotIn("failed_segments", summary)
        end = 0
        for event in events[1:-1]:
            self.assertEqual(event["segment"].get("start_time_sec", 0), end)
            end = event["segment"]["end_time_sec"]
        share = self.media.served["/speech.wav"] / len(self.wav)
        self.assertLessEqual(share, 1.1)
        self.assertIn("john dashwood", text_of(events))
        print(f"{SECONDS} s of speech by URL, 2 workers: {summary['segments']} segments in "
              f"{summary['processing_duration_sec']:.1f} s, the first after {to_first:.1f} s; bytes fetched: "
              f"{share:.3f} of the file")

        if "CHAINS_SPEECH_SECONDS" not in os.environ:
            return
        self.media.before = lambda *_: None
        with contextlib.ExitStack() as stack:
            alone = Chain(stack, 1).events(self.request())
        two = self.chain.events(self.request())
        self.assertEqual(text_of(alone), text_of(two))
        took = [each[-1]["summary"]["processing_duration_sec"] for each in (alone, two)]
        print(f"one worker with one recognizer: {took[0]:.1f} s; two: {took[1]:.1f} s; "
              f"speed-up {took[0] / took[1]:.2f}")

    def test_every_kind_of_file_gives_the_same_transcript(self):
        if "/sentence.wav" not in self.media.files:
            self.skipTest("ffmpeg is not installed (./dev setup test)")
        original = text_of(self.chain.events(self.request("/sentence.wav")))
        self.assertGreater(len(original.split()), 4, original)
        for kind in KINDS:
            with self.subTest(kind):
                text = text_of(self.chain.events(self.request(f"/sentence.{kind}")))
                self.assertLessEqual(words_apart(original, text), 1, f"{original} / {text}")

    @unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
    def test_a_certificate_is_checked(self):
        certificate, key = (os.path.join(self.folder.name, name) for name in ("server.pem", "server.key"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key],
                       check=True, timeout=60, capture_output=True)
        server = MediaServer({"/short.wav": self.wav[:20_044]}, tls=(certificate, key))
        self.addCleanup(server.close)
        asked = ["run", "--variable", "MEDIA_NETWORKS=127.0.0.1", json.dumps({"media_url": server.url("/short.wav")})]
        done = run("transcribe", *asked)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("FAILED_PRECONDITION", done.stdout + done.stderr)
        self.assertEqual(server.served["/short.wav"], 0)
        done = run("transcribe", *asked[:1], "--variable", f"MEDIA_CA_FILE={certificate}", *asked[1:])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertAlmostEqual(json.loads(done.stdout)["input_duration_sec"], 0.625, delta=0.01)

    def test_a_private_address_is_refused(self):
        with self.chain.listening({"media_url": "http://127.0.0.2/speech.wav"}) as process:
            self.assertIn("PERMISSION_DENIED", process.stderr.read())
            self.assertEqual(process.wait(), 1)


if __name__ == "__main__":
    unittest.main()
