// A serialized message as text, without its contract: protobuf's fields by their numbers, as
// `protoc --decode_raw` shows them. What is not protobuf is shown as the bytes it has.
//
//     messageText(span.request)   // '1: "Ada"'

const MOST_BYTES = 64 * 1024;
const DEEPEST = 12;

export function messageText(base64: string): string {
  const bytes = bytesOf(base64);
  if (bytes.length === 0) return '(empty)';
  const lines = fieldsOf(bytes.subarray(0, MOST_BYTES), 0);
  return lines ? lines.join('\n') : hex(bytes.subarray(0, 1024));
}

export function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64.replaceAll('-', '+').replaceAll('_', '/')), (letter) =>
      letter.charCodeAt(0),
    );
  } catch {
    return new Uint8Array();
  }
}

const hex = (bytes: Uint8Array) =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

// Undefined: these are no fields.
function fieldsOf(bytes: Uint8Array, depth: number): string[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lines: string[] = [];
  const indent = '  '.repeat(depth);
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) return undefined;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag === undefined || tag >> 3n === 0n || tag >> 3n > 536870911n) return undefined;
    const name = `${indent}${tag >> 3n}`;
    const kind = Number(tag & 7n);
    if (kind === 0) {
      const value = varint();
      if (value === undefined) return undefined;
      lines.push(`${name}: ${value}`);
    } else if (kind === 1 || kind === 5) {
      const size = kind === 1 ? 8 : 4;
      if (at + size > bytes.length) return undefined;
      lines.push(`${name}: ${kind === 1 ? view.getFloat64(at, true) : view.getFloat32(at, true)}`);
      at += size;
    } else if (kind === 2) {
      const length = Number(varint() ?? -1n);
      if (length < 0 || at + length > bytes.length) return undefined;
      lines.push(...partOf(name, indent, bytes.subarray(at, at + length), depth));
      at += length;
    } else {
      return undefined;
    }
  }
  return lines;
}

// Of what has a length nobody can tell text, a message and bytes apart for certain: what reads as text
// is text.
function partOf(name: string, indent: string, bytes: Uint8Array, depth: number): string[] {
  const text = textOf(bytes);
  if (text !== undefined) return [`${name}: ${JSON.stringify(text)}`];
  const inner = depth < DEEPEST ? fieldsOf(bytes, depth + 1) : undefined;
  if (inner) return [`${name} {`, ...inner, `${indent}}`];
  const rest = bytes.length > 32 ? ` … ${bytes.length} bytes` : '';
  return [`${name}: ${hex(bytes.subarray(0, 32))}${rest}`];
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells bytes from text
    return /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
