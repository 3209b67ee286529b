"""A server of recordings that knows Range, counts what it serves, and waits where a test wants it to."""
import http.server
import re
import ssl
import threading


class MediaServer:
    """Serves `files` ({"/path": bytes}) on 127.0.0.1 from a thread of its own; over TLS with the files of a
    certificate and its key."""

    def __init__(self, files, ranges=True, tls=None):
        self.files, self.ranges = files, ranges
        self.lock = threading.Lock()
        self.served, self.requests = {path: 0 for path in files}, 0
        self.before = lambda path, first, last: None  # called for each request; it may wait
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def url(self, path):
        return f"{self.scheme}://127.0.0.1:{self.server.server_port}{path}"

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def answer(self, request):
        file = self.files.get(request.path)
        if file is None:
            request.send_error(404)
            return
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("Range", ""))
        first, last = 0, len(file) - 1
        if asked and self.ranges:
            first, last = int(asked[1]), min(int(asked[2]), len(file) - 1)
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {first}-{last}/{len(file)}")
        else:
            request.send_response(200)
        self.before(request.path, first, last)
        request.send_header("ETag", '"1"')
        request.send_header("Content-Length", str(last - first + 1))
        request.end_headers()
        with self.lock:
            self.requests += 1
            self.served[request.path] += last - first + 1
        request.wfile.write(file[first:last + 1])
