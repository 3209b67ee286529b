// Writes src/api/gen/*.ts: what chains.v1.Platform takes and answers, as the gateway's JSON has it, from
// the .proto files themselves. Types alone, so that a build needs none of it and nothing goes stale.
//
//   node scripts/types.mjs [FOLDER OF THE PROTOS] [FOLDER TO WRITE INTO]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const SOURCES = [
  'observing',
  'platform',
  'telemetry',
  'recording',
  'manifest',
  'key_limits',
  'bundle',
];

/** Proto's scalar types, as proto3 JSON has them: what may have more than 53 bits is a string. */
const SCALARS = {
  string: 'string',
  bool: 'boolean',
  bytes: 'string',
  double: 'number',
  float: 'number',
  int32: 'number',
  uint32: 'number',
  int64: 'string',
  uint64: 'string',
  fixed64: 'string',
};

/** What follows in the text, comments kept apart: words, numbers, strings and marks. */
function tokens(text) {
  const found = [];
  const each = /\/\/([^\n]*)|"((?:[^"\\]|\\.)*)"|[A-Za-z_][\w.]*|-?\d[\w.]*|[{}()[\]<>=;,:]/g;
  for (const match of text.matchAll(each)) if (match[1] === undefined) found.push(match[0]);
  return found;
}

/** Parses a file into { messages, enums, services }. Knows what our own files use, and no more. */
export function parse(text) {
  const words = tokens(text);
  let at = 0;
  const out = { messages: [], enums: [], services: [] };
  const next = () => words[at++];
  const expect = (word) => {
    const got = next();
    if (got !== word) throw new Error(`expected "${word}", found "${got}" (word ${at})`);
  };
  const skipTo = (word) => {
    while (at < words.length && words[at] !== word) at++;
    at++;
  };
  const skipBlock = () => {
    expect('{');
    for (let depth = 1; depth > 0; ) {
      const word = next();
      depth += word === '{' ? 1 : word === '}' ? -1 : 0;
    }
  };

  const enumeration = (prefix) => {
    const name = prefix + next();
    const values = [];
    expect('{');
    while (words[at] !== '}') {
      const value = next();
      skipTo(';');
      if (value !== 'option' && value !== 'reserved') values.push(value);
    }
    at++;
    out.enums.push({ name, values });
  };

  const field = (first) => {
    let type = first;
    const label = ['optional', 'repeated'].includes(type) ? type : '';
    if (label) type = next();
    if (type === 'map') {
      expect('<');
      next();
      expect(',');
      type = next();
      expect('>');
      const name = next();
      skipTo(';');
      return { name, type, label: 'map' };
    }
    const name = next();
    skipTo(';');
    return { name, type, label };
  };

  const message = (prefix) => {
    const name = prefix + next();
    const fields = [];
    expect('{');
    while (words[at] !== '}') {
      const word = next();
      if (word === 'message') message(`${name}_`);
      else if (word === 'enum') enumeration(`${name}_`);
      else if (word === 'reserved' || word === 'option') skipTo(';');
      else if (word === 'oneof') throw new Error(`${name}: oneof is not known here`);
      else fields.push(field(word));
    }
    at++;
    out.messages.push({ name, fields });
  };

  const service = () => {
    const methods = [];
    const name = next();
    expect('{');
    while (words[at] !== '}') {
      expect('rpc');
      const method = { name: next(), input: '', output: '', stream: false, upload: false };
      expect('(');
      if (words[at] === 'stream') method.upload = at++ >= 0;
      method.input = next();
      expect(')');
      expect('returns');
      expect('(');
      if (words[at] === 'stream') method.stream = at++ >= 0;
      method.output = next();
      expect(')');
      if (words[at] === '{') skipBlock();
      else expect(';');
      methods.push(method);
    }
    at++;
    out.services.push({ name, methods });
  };

  while (at < words.length) {
    const word = next();
    if (word === 'message') message('');
    else if (word === 'enum') enumeration('');
    else if (word === 'service') service();
    else if (word === 'extend') {
      next();
      skipBlock();
    } else skipTo(';');
  }
  return out;
}

function typeOf(field, inside, known) {
  const scalar = SCALARS[field.type];
  const nested = `${inside}_${field.type}`;
  const type =
    scalar ?? (known.has(nested) ? nested : known.has(field.type) ? field.type : 'unknown');
  if (field.label === 'repeated') return type.includes(' ') ? `(${type})[]` : `${type}[]`;
  if (field.label === 'map') return `Record<string, ${type}>`;
  return type;
}

/** Absent in JSON: messages that are not set, and `optional` scalars. The rest is always there. */
function mayBeAbsent(field, enums, inside) {
  if (field.label === 'repeated' || field.label === 'map') return false;
  if (field.label === 'optional') return true;
  return !SCALARS[field.type] && !enums.has(field.type) && !enums.has(`${inside}_${field.type}`);
}

/** The TypeScript of all files together. */
export function generate(files) {
  const known = new Set(files.flatMap((f) => [...f.messages, ...f.enums].map((x) => x.name)));
  const enums = new Set(files.flatMap((f) => f.enums.map((x) => x.name)));
  const lines = ['// Made by scripts/types.mjs from proto/chains/v1. Do not edit.', ''];
  for (const file of files) {
    for (const { name, values } of file.enums) {
      lines.push(`export type ${name} = ${values.map((v) => `'${v}'`).join(' | ')};`, '');
    }
    for (const { name, fields } of file.messages) {
      lines.push(`export interface ${name} {`);
      for (const field of fields) {
        const absent = mayBeAbsent(field, enums, name);
        const mark = absent ? '?' : '';
        lines.push(
          `  ${field.name}${mark}: ${typeOf(field, name, known)}${absent ? ' | null' : ''};`,
        );
      }
      lines.push('}', '');
    }
    for (const { name, methods } of file.services) {
      for (const stream of [false, true]) {
        lines.push(`export interface ${name}${stream ? 'Streams' : 'Calls'} {`);
        for (const m of methods.filter((m) => !m.upload && m.stream === stream)) {
          lines.push(`  ${m.name}: { request: ${m.input}; response: ${m.output} };`);
        }
        lines.push('}', '');
      }
    }
  }
  return lines.join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const protos = process.argv[2] ?? join(here, '../../../proto/chains/v1');
  const target = process.argv[3] ?? join(here, '../src/api/gen');
  const files = SOURCES.map((name) => parse(readFileSync(join(protos, `${name}.proto`), 'utf8')));
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'v1.ts'), generate(files));
}
