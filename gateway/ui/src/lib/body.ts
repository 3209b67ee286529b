// A request as it is sent: JSON, lines of JSON, or a form with files.
//
// In a request's JSON "@NAME" stands for an attached file, wherever bytes are expected.

import { isObject, type Json } from './json';
import { type Document, type FieldType, fieldsOf, type Method, type Schema } from './schema';

export type Files = ReadonlyMap<string, Blob>;

export interface Body {
  body: string | FormData;
  contentType: string; // empty: the browser says it
}

/** Of the request's own fields those that are files: field → name of the file. */
export function fileFields(
  document: Document,
  method: Method,
  request: Json,
  files: Files,
): Map<string, string> {
  const found = new Map<string, string>();
  if (!isObject(request)) return found;
  for (const field of fieldsOf(document, method.request).fields) {
    const value = request[field.name];
    if (field.type.kind !== 'bytes' || typeof value !== 'string' || !value.startsWith('@'))
      continue;
    if (files.has(value.slice(1))) found.set(field.name, value.slice(1));
  }
  return found;
}

export async function bodyOf(
  document: Document,
  method: Method,
  request: Json,
  files: Files,
): Promise<Body> {
  const first =
    method.takesStream && Array.isArray(request) && request.length === 1 ? request[0]! : request;
  const asFiles = fileFields(document, method, first, files);
  if (method.takesForm && asFiles.size > 0 && isObject(first)) {
    return { body: formOf(first, asFiles, files), contentType: '' };
  }
  if (method.takesStream) {
    const items = Array.isArray(request) ? request : [request];
    const lines = await Promise.all(
      items.map((item) => inlined(document, method.request, item, files)),
    );
    return {
      body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
      contentType: 'application/x-ndjson',
    };
  }
  const whole = await inlined(document, method.request, request, files);
  return { body: JSON.stringify(whole), contentType: 'application/json' };
}

// Files come last: a method that takes a stream has the other fields in its first message.
function formOf(
  request: { [name: string]: Json },
  asFiles: ReadonlyMap<string, string>,
  files: Files,
): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(request)) {
    if (!asFiles.has(name))
      form.append(name, new Blob([JSON.stringify(value)], { type: 'application/json' }));
  }
  for (const [name, file] of asFiles) form.append(name, files.get(file)!, file);
  return form;
}

async function inlined(
  document: Document,
  schema: Schema,
  value: Json,
  files: Files,
): Promise<Json> {
  return inlinedAs(document, { kind: 'message', schema }, value, files);
}

async function inlinedAs(
  document: Document,
  type: FieldType,
  value: Json,
  files: Files,
): Promise<Json> {
  if (type.kind === 'bytes' && typeof value === 'string' && value.startsWith('@')) {
    const file = files.get(value.slice(1));
    if (!file) throw new Error(`${value}: no such file is attached`);
    return base64Of(new Uint8Array(await file.arrayBuffer()));
  }
  if (type.kind === 'list' && Array.isArray(value)) {
    return Promise.all(value.map((item) => inlinedAs(document, type.item, item, files)));
  }
  if (type.kind === 'map' && isObject(value)) {
    const parts = Object.entries(value).map(
      async ([key, part]) => [key, await inlinedAs(document, type.value, part, files)] as const,
    );
    return Object.fromEntries(await Promise.all(parts));
  }
  if (type.kind === 'message' && isObject(value)) {
    const copy = { ...value };
    for (const field of fieldsOf(document, type.schema).fields) {
      const part = value[field.name];
      if (part !== undefined) copy[field.name] = await inlinedAs(document, field.type, part, files);
    }
    return copy;
  }
  return value;
}

export function base64Of(bytes: Uint8Array): string {
  let text = '';
  const step = 0x8000; // arguments of one call have a limit
  for (let i = 0; i < bytes.length; i += step)
    text += String.fromCharCode(...bytes.subarray(i, i + step));
  return btoa(text);
}
