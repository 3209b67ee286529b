#!/usr/bin/env python3
"""A page in a browser, of another origin than the gateway, calls the streaming chain: over HTTP/1.1 and
over TLS with HTTP/2. The page is browser/page.js, and reports to the server that it came from."""
import functools
import hashlib
import http.server
import json
import pathlib
import queue
import re
import shutil
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

from certificates import Certificate
from processes import BIN, KEY, EndToEnd, Server, serve

PAGES = pathlib.Path(__file__).with_name("browser")
SECONDS = 120


class Origin:
    """A web server with the page; what pages report."""

    def __init__(self):
        self.reports = queue.Queue()
        handler = functools.partial(Handler, self.reports, directory=str(PAGES))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, reports, *arguments, **options):
        self.reports = reports
        super().__init__(*arguments, **options)

    def do_POST(self):
        report = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        self.reports.put(json.loads(report))

    def log_message(self, *_):
        pass


class Browser(EndToEnd):
    @classmethod
    def prepare(cls):
        folder = pathlib.Path(cls.folder.name)
        cls.certificate = Certificate(folder)
        cls.origin, cls.stranger = Origin(), Origin()
        cls.addClassCleanup(cls.origin.close)
        cls.addClassCleanup(cls.stranger.close)
        say = cls.start(serve("hello", "SayHello"))
        hello = cls.start(serve("hello", "HelloAll", "--endpoints", f"SayHello={say.address}"))
        generator = cls.start(serve("streaming", "Generator"))
        consumer = cls.start(serve("streaming", "Consumer", "--endpoints", f"Generator={generator.address}"))
        routes = {"hello/production": hello.address, "streaming/production": consumer.address}
        keys = folder / "keys"
        keys.write_text(hashlib.sha256(KEY.encode()).hexdigest() + "\n")
        cls.keyed = cls.start(cls.front(routes, "--api-keys", keys))
        cls.open = cls.start(cls.front(routes, "--no-auth"))

    @classmethod
    def front(cls, routes, *who_may_call):
        arguments = [BIN / "chains-gateway", "--listen", "127.0.0.1:0", *who_may_call, "--cors-origin", cls.origin.url,
                     "--tls-listen", "127.0.0.1:0", "--tls-cert", cls.certificate.cert, "--tls-key",
                     cls.certificate.key]
        for name, where in routes.items():
            arguments += ["--route", f"{name}={where}"]
        return Server(arguments, r"answers at (.*)$")

    def visit(self, origin, tls, **query):
        """What the page reported, and the browser's log of its network."""
        query.update(open=address(self.open, tls), keyed=address(self.keyed, tls), key=KEY)
        with tempfile.TemporaryDirectory() as profile:
            log = pathlib.Path(profile) / "net.json"
            browser = subprocess.Popen(
                [shutil.which("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu",
                 "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", "--no-proxy-server", f"--user-data-dir={profile}/user",
                 f"--ignore-certificate-errors-spki-list={self.certificate.key_hash()}", f"--log-net-log={log}",
                 f"{origin.url}/page.html?{urllib.parse.urlencode(query)}"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            try:
                report = origin.reports.get(timeout=SECONDS)
            except queue.Empty:
                browser.kill()
                self.fail(f"the page reported nothing; the browser said {browser.communicate()[1].decode()}")
            browser.terminate()
            browser.communicate(timeout=SECONDS)
            return report, log.read_text()

    def assert_all_well(self, report, count):
        self.assertEqual(len(report), count, report)
        for name, problem in report.items():
            with self.subTest(name):
                self.assertEqual(problem, "")

    def test_a_page_calls_chains_over_http(self):
        report, log = self.visit(self.origin, tls=False)
        self.assert_all_well(report, 13)
        self.assertEqual(count_of("HTTP2_SESSION_INITIALIZED", log), 0)

    def test_a_page_calls_chains_over_tls_with_http2(self):
        report, log = self.visit(self.origin, tls=True)
        self.assert_all_well(report, 13)
        self.assertGreater(count_of("HTTP2_SESSION_INITIALIZED", log), 0)

    def test_a_page_of_an_origin_that_is_not_allowed_gets_nothing(self):
        for tls in (False, True):
            self.assert_all_well(self.visit(self.stranger, tls=tls, allowed=0)[0], 4)


def address(server, tls):
    """Of a gateway that says: chains-gateway answers at 127.0.0.1:1, 127.0.0.1:2 (TLS)"""
    found = [each.split(" ") for each in server.address.split(", ")]
    where = [each[0] for each in found if (each[-1] == "(TLS)") == tls]
    return f"http{'s' if tls else ''}://{where[0]}"


def count_of(event, log):
    """How often the browser's network log has it; whether its end was written or not."""
    kind = re.search(rf'"{event}": *(\d+)', log)[1]
    return len(re.findall(rf'"type": *{kind}\b', log))


if __name__ == "__main__":
    if shutil.which("chromium"):
        unittest.main()
    else:
        print("SKIPPED: chromium is not installed (./dev setup test)")
