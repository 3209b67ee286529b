"""What tests of the edge send and read: HTTP as it goes over the wire, and protobuf by hand."""
import contextlib
import http.client
import json

SECONDS = 60


class Edge:
    """A gateway at HOST:PORT, asked with a key."""

    def __init__(self, address, key):
        self.address, self.key = address, key

    @contextlib.contextmanager
    def ask(self, path, body=None, headers=None, method=None):
        """An http.client.HTTPResponse, of which nothing is read yet. `body` may be an iterable of pieces."""
        connection = http.client.HTTPConnection(self.address, timeout=SECONDS)
        fields = {"Authorization": f"Api-Key {self.key}"} if self.key else {}
        fields.update(headers or {})
        if isinstance(body, str):
            body = body.encode()  # http.client means Latin-1
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, body, fields)
            with connection.getresponse() as response:
                yield response
        finally:
            connection.close()

    def all(self, path, body=None, headers=None, method=None):
        """(status, headers, bytes) of one that ends well."""
        with self.ask(path, body, headers, method) as response:
            return response.status, response.headers, response.read()

    def json(self, path, body=None, headers=None, method=None):
        """(status, JSON)."""
        status, _, text = self.all(path, body, headers, method)
        return status, json.loads(text)


def line(response):
    """The next line of a body, parsed; None at its end."""
    text = response.readline()
    return json.loads(text) if text else None


def broken_off(response):
    """Whether the rest of the body never comes to an end of its own."""
    try:
        response.read()
    except (http.client.IncompleteRead, ConnectionError):
        return True
    return False


def events(text):
    """Of an event stream: [{"event", "id", "data"}], as its standard reads it; comments are left out."""
    found, fields = [], {}
    for each in text.split("\n"):
        if not each and fields:
            found.append(fields)
            fields = {}
        name, _, value = each.partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
    return found


# ---- protobuf's wire format

def varint(number):
    pieces = bytearray()
    while number > 127:
        pieces.append(number & 127 | 128)
        number >>= 7
    pieces.append(number)
    return bytes(pieces)


def field(number, value):
    """One of an integer, a text or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def delimited(*messages):
    return b"".join(varint(len(each)) + each for each in messages)


def undelimited(stream):
    messages, at = [], 0
    while at < len(stream):
        size, shift = 0, 0
        while True:
            byte, at = stream[at], at + 1
            size, shift = size | (byte & 127) << shift, shift + 7
            if byte < 128:
                break
        messages.append(stream[at:at + size])
        assert len(messages[-1]) == size, "the last message is cut off"
        at += size
    return messages
