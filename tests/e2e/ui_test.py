#!/usr/bin/env python3
"""The gateway's page in Debian's chromium, as a person uses it: sign in, call chains with the dialogue,
follow a call to its trace, read logs, promote and roll back. Screenshots of each page go into the folder
that UI_SHOTS names, else below the build folder; axe-core looks at each of them.

    BIN=build/ci/bin tests/e2e/ui_test.py                    # what is built there
    UI_ONLY='signs in;calls hello' …                         # some chapters
    UI_LOAD=40 …                                             # as many requests a second of hello meanwhile
    UI_BASE=http://127.0.0.1:5173 UI_KEY= …                  # a page that runs already, the fake one, say
    BIN=build/ci/bin tests/e2e/ui_test.py Quick              # 50 chainlets, 1,000 traces, 10,000 lines a minute
"""
import json
import math
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import unittest
import urllib.request
import wave

import node_packages
from platform_under_test import BIN, Platform

SCRIPTS = pathlib.Path(__file__).with_name("ui")
SPEECH = pathlib.Path("/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0930.wav")
SECONDS = 540
CHAINS = ("hello", "streaming", "transcribe")
PAGE = pathlib.Path(__file__).parents[2] / "gateway" / "ui"
LINES_A_MINUTE = 10_000


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="ui"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.scripts = node_packages.folder("ui")
        for script in SCRIPTS.iterdir():
            shutil.copy(script, cls.scripts)
        cls.shots = pathlib.Path(os.environ.get("UI_SHOTS") or node_packages.INSTALLED.parent / "ui_shots")

    def told(self, base, key, **more):
        return {"base": base, "key": key, "shots": str(self.shots.resolve()), "browser": shutil.which("chromium"),
                "wav": str(speech(self.folder)), "words": "amiable himself" if SPEECH.exists() else "",
                "only": os.environ.get("UI_ONLY", ""), **more}

    def visit(self, told):
        done = subprocess.run(["node", "visit.mjs", json.dumps(told)], cwd=self.scripts, capture_output=True,
                              text=True, timeout=SECONDS)
        print(done.stdout, flush=True)
        self.assertIn("all passed", done.stdout, done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)

    def load(self, platform, rate):
        """Requests of hello until the test ends: pictures with something in them."""
        environment = {**os.environ, "CHAINS_HOME": str(platform.home)}
        bench = subprocess.Popen([str(BIN / "chains"), "bench", "hello", "--rate", rate, "--duration", f"{SECONDS}s",
                                  "--data", '{"names": ["Ada", "Sid", "Bola"]}'], env=environment,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(bench.wait)
        self.addCleanup(bench.terminate)

    @unittest.skipUnless("UI_BASE" in os.environ, "no page that runs already is named")
    def test_a_page_that_runs_already(self):
        self.visit(self.told(os.environ["UI_BASE"], os.environ.get("UI_KEY", "")))

    @unittest.skipIf("UI_BASE" in os.environ, "another page is asked for")
    def test_everything_that_a_person_does(self):
        platform = Platform()
        self.addCleanup(platform.close)
        page_or_skip(platform.page)
        for chain in CHAINS:
            platform.push(BIN / chain)
        first = platform.push(BIN / "versions_one")
        second = platform.push(BIN / "versions_two")
        self.assertNotEqual(first, second)
        if "UI_LOAD" in os.environ:
            self.load(platform, os.environ["UI_LOAD"])
        self.visit(self.told(platform.page.removesuffix("/ui/"), platform.key, first=first, second=second))
        # What the page did is what everybody sees.
        listed = platform.json("list", "versions")
        production = [each for each in listed["environments"] if each["name"] == "production"]
        self.assertEqual([each["deployment"] for each in production], [first])


class Quick(unittest.TestCase):
    """The page, built, against the fake API of gateway/ui with as much as it is made for."""

    @unittest.skipUnless((PAGE / "node_modules/.bin/vite").exists(), "gateway/ui has no packages: npm ci there")
    @unittest.skipIf("UI_BASE" in os.environ, "another page is asked for")
    def test_much_at_once(self):
        scripts = node_packages.folder("ui")
        for script in SCRIPTS.iterdir():
            shutil.copy(script, scripts)
        built = scripts.parent / "ui_quick"
        vite = [str(PAGE / "node_modules/.bin/vite")]
        where = ["--outDir", str(built.resolve())]
        subprocess.run([*vite, "build", "--emptyOutDir", *where], cwd=PAGE, check=True, capture_output=True,
                       timeout=SECONDS)
        environment = {**os.environ, "FAKE_LINES": str(LINES_A_MINUTE), "NO_COLOR": "1"}
        server = subprocess.Popen([*vite, "preview", "--host", "127.0.0.1", "--port", "0", *where], cwd=PAGE,
                                  env=environment, stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        base = next(found[1] for found in (re.search(r"(http://127\.0\.0\.1:\d+)/", line) for line in server.stdout)
                    if found)
        told = {"base": base, "browser": shutil.which("chromium"), "seconds": 15,
                "shots": str((scripts.parent.parent / "ui_shots").resolve())}
        done = subprocess.run(["node", "quick.mjs", json.dumps(told)], cwd=scripts, capture_output=True, text=True,
                              timeout=SECONDS)
        print(done.stdout, flush=True)
        self.assertIn("all passed", done.stdout, done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)


def speech(folder):
    """A file that says something, or, without test data, one that hums."""
    made = folder / "speech.wav"
    if SPEECH.exists():
        shutil.copy(SPEECH, made)
    elif not made.exists():
        with wave.open(str(made), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            tone = (int(8000 * math.sin(i / 16000 * 440 * 2 * math.pi)) for i in range(32000))
            file.writeframes(b"".join(struct.pack("<h", each) for each in tone))
    return made


def page_or_skip(page):
    """A build without npm has no page, but one that says how to get it."""
    with urllib.request.urlopen(page, timeout=30) as response:
        text = response.read().decode()
    if "assets/" not in text:
        node_packages.skip("the gateway was built without its page: npm was not there")


if __name__ == "__main__":
    if not shutil.which("chromium"):
        node_packages.skip("chromium is not installed (./dev setup test)")
    unittest.main()
