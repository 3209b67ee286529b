// Log lines, as many a minute as FAKE_LINES says (240 unless told): at 10,000 the page has to stay quick.
import type { LogLine, LogsRequest } from '../src/api/gen/v1';
import { NO_FILTER, passes } from '../src/lib/log_lines';
import { later } from './http';
import type { Handler } from './methods';
import { SHAPES } from './world';

const PER_MINUTE = Number((typeof process !== 'undefined' && process.env.FAKE_LINES) || 240);
const SAID: [level: string, message: string, fields: Record<string, string>][] = [
  ['info', 'answered', { took_ms: '12' }],
  ['debug', 'found in the cache', { key: 'ada' }],
  ['info', 'loaded', { voices: '3', model: 'small' }],
  ['', 'listening on 127.0.0.1:41233', {}],
  ['warning', 'slow: the model took longer than its budget', { took_ms: '412', budget_ms: '200' }],
  ['info', 'answered', { took_ms: '8' }],
  ['error', 'SayHello is away: connection refused (127.0.0.1:9001)', { attempt: '2' }],
];

function lineOf(chain: string, number: number, at: number): LogLine {
  const chainlets = SHAPES.find((shape) => shape.chain === chain)?.chainlets ?? [`${chain}.Main`];
  const [level, message, fields] = SAID[(number * 5 + (number >> 3)) % SAID.length]!;
  const chainlet = chainlets[number % chainlets.length]!;
  const traced = number % 3 === 0;
  return {
    unix_ms: String(at),
    chain,
    deployment: `${chain}-2`,
    chainlet,
    replica: `${chainlet.split('.')[1]}-${number % 2}`,
    level,
    message,
    fields,
    request_id: level ? (0x5a00_0000 + number).toString(16).padStart(16, '0') : '',
    trace_id: traced ? (0x7b00_0000 + number).toString(16).padStart(32, '0') : '',
  };
}

export const logMethods: Record<string, Handler> = {
  async *Logs(request: Partial<LogsRequest>, signal) {
    const chain = request.of?.chain || request.of?.deployment?.split('-')[0] || 'hello';
    const filter = {
      ...NO_FILTER,
      level: request.level ?? '',
      chainlet: request.chainlet ?? '',
      text: request.text ?? '',
    };
    // Any trace has some lines here.
    const ids = request.trace_id ? { trace_id: request.trace_id } : {};
    const every = 60_000 / PER_MINUTE;
    const count = request.trace_id ? 5 : Math.min(request.tail || 500, 500);
    let number = 0;
    const next = (at: number) => ({ ...lineOf(chain, ++number, Math.round(at)), ...ids });
    for (let i = count; i > 0; --i) {
      const line = next(Date.now() - i * every);
      if (passes(line, filter)) yield line;
    }
    let due = Date.now();
    while (request.follow && !signal.aborted) {
      due += every;
      if (due > Date.now()) await later(due - Date.now(), signal);
      const line = next(due);
      if (passes(line, filter)) yield line;
    }
  },
};
