import { expect, test } from 'vitest';
import { readEvents } from '../src/lib/stream_reader';

function bodyOf(...pieces: string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces)
        controller.enqueue(encoder.encode(piece) as Uint8Array<ArrayBuffer>);
      controller.close();
    },
  });
}

async function all<Item>(items: AsyncGenerator<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test('events have a name, an id and lines of data; heartbeats are none', async () => {
  const text =
    ': hb\n\nid: 1\ndata: {"a":1}\n\nid: 2\r\ndata: x\r\ndata: y\r\n\r\nevent: end\nid: end\ndata:\n\n';
  for (const cut of [1, 7, 20, text.length]) {
    const pieces = text.match(new RegExp(`[\\s\\S]{1,${cut}}`, 'g')) ?? [];
    expect(await all(readEvents(bodyOf(...pieces)))).toEqual([
      { event: 'message', data: '{"a":1}', id: '1' },
      { event: 'message', data: 'x\ny', id: '2' },
      { event: 'end', data: '', id: 'end' },
    ]);
  }
});

test('an event that was cut off is none', async () => {
  expect(await all(readEvents(bodyOf('data: 1\n\ndata: {"cut')))).toHaveLength(1);
});

test('characters of several bytes may be cut anywhere', async () => {
  const bytes = new TextEncoder().encode('data: "…é😀"\n\n');
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  expect((await all(readEvents(body)))[0]?.data).toBe('"…é😀"');
});

test('who stops reading ends the request', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode('data: 1\n\n') as Uint8Array<ArrayBuffer>);
    },
    cancel() {
      cancelled = true;
    },
  });
  for await (const _ of readEvents(body)) break;
  expect(cancelled).toBe(true);
});
