// Serves the fake API beside the page: `npm run dev` and `npm run preview`.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connect, Plugin } from 'vite';
import { answer } from './server';

export function fakeApi(): Plugin {
  const use = (middlewares: Connect.Server) => {
    middlewares.use((request, response, next) => {
      serve(request, response).then((served) => {
        if (!served) next();
      }, next);
    });
  };
  return {
    name: 'fake-api',
    configureServer: ({ middlewares }) => use(middlewares),
    configurePreviewServer: ({ middlewares }) => use(middlewares),
  };
}

/** False: it is no path of the API. */
async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<boolean> {
  const url = new URL(incoming.url ?? '/', `http://${incoming.headers.host ?? 'localhost'}`);
  const left = new AbortController();
  outgoing.on('close', () => left.abort());
  const hasBody = !['GET', 'HEAD'].includes(incoming.method ?? 'GET');
  const response = await answer(
    new Request(url, {
      method: incoming.method,
      headers: Object.entries(incoming.headers).flatMap(([name, value]) =>
        typeof value === 'string' ? [[name, value] as [string, string]] : [],
      ),
      body: hasBody ? await bodyOf(incoming) : null,
      signal: left.signal,
    }),
  );
  if (!response) return false;
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  const reader = response.body?.getReader();
  while (reader && !left.signal.aborted) {
    const { value, done } = await reader.read();
    if (done) break;
    outgoing.write(value);
  }
  if (left.signal.aborted) await reader?.cancel();
  outgoing.end();
  return true;
}

async function bodyOf(incoming: IncomingMessage): Promise<ArrayBuffer> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  const all = Buffer.concat(parts);
  return all.buffer.slice(all.byteOffset, all.byteOffset + all.length) as ArrayBuffer;
}
