#!/usr/bin/env python3
"""What a platform keeps on its disk: assets that it fetches, and what it removes again."""
import contextlib
import hashlib
import http.server
import os
import pathlib
import threading
import time
import unittest

from platform_under_test import BIN, Platform, until

WEIGHTS = b"one, two, three"


class Files(http.server.ThreadingHTTPServer):
    """Files by their paths, and what was asked for."""

    def __init__(self, files):
        self.files, self.asked = files, []
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}{path}"

    def close(self):
        self.shutdown()
        self.server_close()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        content = self.server.files.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def declared(url, content=WEIGHTS, sha256=None):
    """The chain `weights` declares this asset while it is pushed."""
    os.environ["WEIGHTS_URL"] = url
    os.environ["WEIGHTS_SHA256"] = hashlib.sha256(content).hexdigest() if sha256 is None else sha256
    yield
    del os.environ["WEIGHTS_URL"], os.environ["WEIGHTS_SHA256"]


class OnAPlatform(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.environ["no_proxy"] = "127.0.0.1"
        cls.platform = Platform("--memory", "1Ti")

    @classmethod
    def tearDownClass(cls):
        cls.platform.close()

    def bundles(self):
        return {each.name for each in (self.platform.home / "bundles").iterdir()}

    def bundle_of(self, id_):
        return next(d["bundle"] for d in self.platform.json("list")["deployments"] if d["id"] == id_)


class Assets(OnAPlatform):
    def setUp(self):
        self.files = Files({"/weights": WEIGHTS})
        self.addCleanup(self.files.close)

    def read(self, name):
        """What the chain reads from its asset; None while it answers nothing."""
        status, answer = self.platform.post(f"/chains/{name}/production/run_remote", "{}")
        return answer["text"] if status == 200 else None

    def asset_of(self, id_):
        return self.platform.home / "bundles" / self.bundle_of(id_) / "assets/weights"

    def test_a_url_is_fetched_once_for_all_deployments(self):
        with declared(self.files.url("/weights")):
            ids = [self.platform.push(BIN / "weights", "--name", name) for name in ("first", "second")]
        self.assertEqual(self.files.asked, ["/weights"])
        for name in ("first", "second"):
            self.assertEqual(self.read(name), WEIGHTS.decode())
        first, second = (self.asset_of(id_).stat() for id_ in ids)
        self.assertEqual(first.st_ino, second.st_ino, "they share one file")
        self.assertEqual(first.st_mode & 0o777, 0o444)

    def test_it_is_still_there_after_a_restart_without_the_server(self):
        content = b"kept"
        self.files.files["/kept"] = content
        with declared(self.files.url("/kept"), content):
            self.platform.push(BIN / "weights", "--name", "kept")
        self.platform.down()
        self.files.files.clear()
        self.platform.up()
        until(lambda: self.read("kept") == "kept", "the asset after a restart")

    def test_a_file_of_this_machine_may_be_named(self):
        local = self.platform.folder / "local weights"
        local.write_bytes(b"local")
        with declared(local.as_uri(), b"local"):
            self.platform.push(BIN / "weights", "--name", "local")
        self.assertEqual(self.read("local"), "local")

    def test_what_cannot_be_had_is_named_and_changes_nothing(self):
        before = self.deployed()
        cases = [(self.files.url("/nothing"), b"nothing", None, "there is nothing at " + self.files.url("/nothing")),
                 (self.files.url("/weights"), b"another", None, "is not the file that was declared"),
                 (self.files.url("/weights"), WEIGHTS, "", "a URL needs a sha256"),
                 ("hf://org/model", WEIGHTS, None, "hf://org/model cannot be fetched")]
        for url, content, sha256, said in cases:
            with self.subTest(said=said), declared(url, content, sha256):
                refused = self.platform.run("push", BIN / "weights", "--name", "never", check=False)
                self.assertEqual(refused.returncode, 1)
                self.assertIn(said, refused.stderr)
                self.assertIn("the asset 'weights' of weights.Read", refused.stderr)
        self.assertEqual(self.deployed(), before)

    def deployed(self):
        return [each["id"] for each in self.platform.json("list").get("deployments", [])]


class WhatIsRemoved(OnAPlatform):
    def test_the_folder_of_a_deleted_deployment_goes_and_those_in_use_stay(self):
        self.platform.push(BIN / "versions_one", "--name", "kept")
        gone = self.platform.push(BIN / "versions_two", "--name", "kept")
        folder = self.bundle_of(gone)
        self.assertIn(folder, self.bundles())
        self.platform.run("delete", gone)
        self.assertNotIn(folder, self.bundles())
        self.assertEqual(self.platform.post("/chains/kept/production/run_remote", '{"text": "x"}'), (200, "1 1"))

    def test_files_that_nobody_needs_are_removed_when_they_are_old(self):
        self.platform.push(BIN / "hello", "--name", "stays")
        gone = self.platform.push(BIN / "moody", "--name", "goes")
        self.platform.push(BIN / "hello", "--name", "goes", "--promote", "--breaking")
        index = self.platform.home / "store/bundles" / self.bundle_of(gone)
        program, = (blob for blob in (self.platform.home / "store/blobs").rglob("*")
                    if blob.is_file() and blob.samefile(self.platform.home / "bundles" / index.name / "moody"))
        self.platform.run("delete", gone)
        self.assertTrue(program.exists(), "a push may be about to name it")
        self.assertEqual(self.platform.down(), 0)
        long_ago = time.time() - 7200
        for path in (self.platform.home / "store").rglob("*"):
            if path.is_file() and path.parent.name != "store":
                os.utime(path, (long_ago, long_ago))
        self.platform.up()
        self.assertFalse(program.exists())
        self.assertFalse(index.exists())
        names = '{"names": ["Ada"]}'
        until(lambda: self.platform.post("/chains/stays/production/run_remote", names) == (200, "Hello, Ada"),
              "what stays to answer")

    def test_a_process_keeps_the_folder_that_it_runs_from(self):
        """Still stays as it is while an asset of Read changes, and a platform that was killed comes back."""
        for content in (b"first", b"second"):
            local = self.platform.folder / "weights"
            local.write_bytes(content)
            with declared(local.as_uri(), content):
                self.platform.push(BIN / "weights", "--development")
        path = "/chains/weights/development/run_remote"
        status, answer = self.platform.post(path, "{}")
        self.assertEqual((status, answer["text"]), (200, "second"))
        program = pathlib.Path(f"/proc/{answer['still']}/exe")
        older = pathlib.Path(os.readlink(program))
        self.assertNotEqual(older.parent.name, self.platform.status("weights")["bundle"])
        self.assertTrue(older.exists())
        self.platform.kill()
        self.platform.up()
        until(lambda: self.platform.post(path, "{}") == (200, answer), "the same process to answer again")
        self.assertEqual(pathlib.Path(os.readlink(program)), older)
        self.assertTrue(older.exists())


if __name__ == "__main__":
    unittest.main()
