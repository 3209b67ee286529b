// What pages do with chains of another origin: fetch, streams, events, sockets. The query says where
// they are: `open` (no key), `keyed` and `key`; `allowed=0`: that this page's origin is none of theirs.
// Each check is reported by its name, with what went wrong or nothing; see ../browser_test.py.
const given = new URLSearchParams(location.search);
const open = given.get("open");
const keyed = given.get("keyed");
const key = given.get("key");
const allowed = given.get("allowed") !== "0";
const consumer = (gateway, method) => `${gateway}/chains/streaming/production/${method}`;
const withKey = { Authorization: `Api-Key ${key}` };

const patience = 30_000;
const tooLate = (what) =>
  new Promise((_, reject) => setTimeout(() => reject(new Error(`waited in vain for ${what}`)), patience));

function same(actual, expected) {
  const [is, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== wanted) throw new Error(`${is}, not ${wanted}`);
}

async function fails(promise, what) {
  try {
    await promise;
  } catch {
    return;
  }
  throw new Error(`${what} should have failed`);
}

const header = (items) => ({ header: { message: "Start.", items } });
const item = (number) => ({ item: { number, text: `Item ${number}` } });
const footer = (items) => ({ footer: { message: "Done.", items } });
const wholeStream = [header(2), item(1), item(2), footer(2)];
const cause = { items: 4, interval_ms: 0, cause_error: true };

const post = (url, body, options = {}) =>
  fetch(url, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...options,
    headers: { "Content-Type": "application/json", ...options.headers },
  });

// Lines of a response as they come, each parsed.
async function* lines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
    text += value;
    const parts = text.split("\n");
    text = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
  if (text) throw new Error(`there is no end of a line after ${text}`);
}

async function all(generator) {
  const found = [];
  for await (const each of generator) found.push(each);
  return found;
}

// A socket's messages and its end.
class Socket {
  constructor(url, protocols) {
    this.got = [];
    this.waiting = [];
    this.socket = new WebSocket(url.replace(/^http/, "ws"), protocols);
    this.opened = new Promise((resolve, reject) => {
      this.socket.onopen = resolve;
      this.socket.onerror = () => reject(new Error("the socket did not open"));
    });
    this.closed = new Promise((resolve) => {
      this.socket.onclose = (event) => {
        resolve([event.code, event.reason]);
        this.tell(null);
      };
    });
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = (event) => this.tell(event.data);
  }
  tell(message) {
    const waiting = this.waiting.shift();
    waiting ? waiting(message) : this.got.push(message);
  }
  // The next message; null: it is closed.
  next() {
    return this.got.length ? Promise.resolve(this.got.shift()) : new Promise((resolve) => this.waiting.push(resolve));
  }
  async json() {
    return JSON.parse(await this.next());
  }
  send(message) {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }
}

async function socketTo(url, protocols) {
  const socket = new Socket(url, protocols);
  await socket.opened;
  return socket;
}

// Messages and terminal events of an EventSource, until it is closed for good.
function events(url) {
  return new Promise((resolve) => {
    const source = new EventSource(url);
    const seen = [];
    const note = (event) => seen.push([event.type, event.lastEventId, event.data && JSON.parse(event.data)]);
    source.onmessage = note;
    source.addEventListener("error", (event) => {
      if (event instanceof MessageEvent) note(event);
      if (source.readyState === EventSource.CLOSED) resolve(seen);
    });
    source.addEventListener("end", (event) => seen.push([event.type, event.lastEventId]));
  });
}

const checks = {
  async "fetch: one answer, with a key, after a preflight"() {
    const url = `${keyed}/chains/hello/production/run_remote`;
    const response = await post(url, { names: ["Ada"] }, { headers: withKey });
    same([response.status, await response.json()], [200, "Hello, Ada"]);
  },
  async "fetch: a wrong key can be told from a network that is down"() {
    const response = await post(consumer(keyed, "gather"), {}, { headers: { Authorization: "Api-Key wrong" } });
    same([response.status, (await response.json()).error.code], [401, "UNAUTHENTICATED"]);
  },
  async "fetch: a whole stream, line by line"() {
    const response = await post(consumer(keyed, "run_remote"), { items: 2, interval_ms: 10 }, { headers: withKey });
    same(response.headers.get("Content-Type").split(";")[0], "application/x-ndjson");
    same(await all(lines(response)), wholeStream);
  },
  async "fetch: a part is here before the next one is made"() {
    const leaves = new AbortController();
    const response = await post(consumer(keyed, "run_remote"), { interval_ms: 600_000 },
                                { headers: withKey, signal: leaves.signal });
    same((await lines(response).next()).value, header(4));
    leaves.abort();
  },
  // A browser drops what it has not read when a response is broken off (over HTTP/2 by RST_STREAM), so
  // the error's line may be lost on the way; that the stream is not whole never is.
  async "fetch: an error in mid-stream is the last line, and no clean end"() {
    const response = await post(consumer(keyed, "run_remote"), { ...cause, interval_ms: 100 }, { headers: withKey });
    const seen = [];
    await fails((async () => {
      for await (const line of lines(response)) seen.push(line);
    })(), "the end of the stream");
    same(seen.slice(0, 3), [header(4), item(1), item(2)].slice(0, seen.length));
    same(seen.slice(0, 2).length, 2);
    if (seen.length > 3) same(seen[3].error.code, "ABORTED");
  },
  async "fetch: lines of a body are a stream of requests"() {
    const response = await post(consumer(keyed, "sum_up"), '{"number": 40}\n{"number": 2}\n',
                                { headers: { ...withKey, "Content-Type": "application/x-ndjson" } });
    same([response.status, Number(await response.json())], [200, 42]);
  },
  async "EventSource: parts, an end, and no second beginning"() {
    const seen = await events(consumer(open, "run_remote?items=2&interval_ms=10"));
    same(seen.filter(([type]) => type === "message").map(([, , data]) => data), wholeStream);
    same(seen.at(-1), ["end", "end"]);
  },
  async "EventSource: an error in mid-stream is an event"() {
    const seen = await events(consumer(open, "run_remote?interval_ms=0&cause_error=true"));
    same(seen.filter(([type]) => type === "message").map(([, , data]) => data), [header(4), item(1), item(2)]);
    same([seen.at(-1)[0], seen.at(-1)[2].error.code], ["error", "ABORTED"]);
  },
  async "WebSocket: texts both ways, one at a time, with a key as a subprotocol"() {
    const socket = await socketTo(consumer(keyed, "echo"), ["chains.v1", `chains.key.${key}`]);
    same(socket.socket.protocol, "chains.v1");
    for (const [index, text] of ["a", "ö", ""].entries()) {
      socket.send({ text });
      const said = await socket.json();
      same([Number(said.count), said.text], [index + 1, text]);
    }
    socket.send("");
    same((await socket.closed)[0], 1000);
  },
  async "WebSocket: bytes are protobuf"() {
    const socket = await socketTo(consumer(open, "echo"), ["chains.v1"]);
    socket.socket.send(new Uint8Array([0x0a, 2, 0x68, 0x69])); // text: "hi"
    same([...new Uint8Array(await socket.next())], [0x08, 1, 0x12, 2, 0x68, 0x69]); // count: 1, text: "hi"
    socket.send("");
    same((await socket.closed)[0], 1000);
  },
  async "WebSocket: the entrypoint's run_remote at /websocket"() {
    const socket = await socketTo(consumer(open, "websocket"));
    socket.send({ items: 2, interval_ms: 0 });
    for (const part of wholeStream) same(await socket.json(), part);
    same((await socket.closed)[0], 1000);
  },
  async "WebSocket: an error is the last message, and a code"() {
    const socket = await socketTo(consumer(open, "websocket"));
    socket.send(cause);
    for (const part of [header(4), item(1), item(2)]) same(await socket.json(), part);
    same((await socket.json()).error.code, "ABORTED");
    same(await socket.closed, [4409, "an error, as cause_error asked"]);
  },
  async "WebSocket: a wrong key opens nothing"() {
    await fails(new Socket(consumer(keyed, "echo"), ["chains.v1", "chains.key.wrong"]).opened, "the handshake");
  },
};

// Of a page whose origin is not allowed.
const refusals = {
  async "fetch: its answers cannot be read"() {
    await fails(post(consumer(open, "gather"), "{}"), "fetch");
  },
  async "fetch: nor without a preflight"() {
    await fails(post(consumer(open, "gather"), "{}", { headers: { "Content-Type": "text/plain" } }), "fetch");
  },
  async "EventSource: nothing comes"() {
    same(await events(consumer(open, "run_remote?items=2")), []);
  },
  async "WebSocket: none opens"() {
    await fails(new Socket(consumer(open, "echo")).opened, "the handshake");
  },
};

const report = {};
for (const [name, check] of Object.entries(allowed ? checks : refusals)) {
  try {
    await Promise.race([check(), tooLate("its end")]);
    report[name] = "";
  } catch (error) {
    report[name] = String(error);
  }
}
await fetch("report", { method: "POST", body: JSON.stringify(report) });
