// Server-sent events (text/event-stream) of a response that fetch() gets: an EventSource cannot POST.
//
//     for await (const { event, data } of readEvents(response.body)) show(JSON.parse(data));

export interface ServerEvent {
  event: string; // "message" where the stream says nothing
  data: string;
  id: string;
}

async function* texts(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      yield decoder.decode(next.value, { stream: true });
    }
    yield decoder.decode();
  } finally {
    // Who stops reading ends the request.
    await reader.cancel().catch(() => undefined);
  }
}

async function* splitLines(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of texts(body)) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  if (rest !== '') yield rest;
}

/** As the HTML standard reads them (9.2.6), but that what stands behind the last empty line counts not. */
export async function* readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<ServerEvent> {
  let data: string[] = [];
  let event = '';
  let id = '';
  for await (const line of splitLines(body)) {
    if (line === '') {
      if (data.length > 0) yield { event: event || 'message', data: data.join('\n'), id };
      else if (event !== '') yield { event, data: '', id };
      data = [];
      event = '';
      continue;
    }
    const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (name === 'data') data.push(value);
    else if (name === 'event') event = value;
    else if (name === 'id') id = value;
  }
}
