// What is wrong with a request before it is sent: of each problem where it is, and what to do. The
// gateway looks, too; this is for marks beside the fields.

import { at, isObject, type Json, type Path } from './json';
import { type Document, type FieldType, fieldsOf, type Schema } from './schema';

export interface Problem {
  path: Path;
  text: string;
}

export function problemsOf(document: Document, schema: Schema, value: Json): Problem[] {
  return ofMessage(document, schema, value, []);
}

/** Those of the part at exactly this path. */
export function problemsAt(problems: readonly Problem[], path: Path): string[] {
  return problems
    .filter((each) => each.path.join('\n') === path.join('\n'))
    .map((each) => each.text);
}

function ofMessage(document: Document, schema: Schema, value: Json, path: Path): Problem[] {
  if (!isObject(value)) return [{ path, text: 'an object is expected: { … }' }];
  const { fields, choices } = fieldsOf(document, schema);
  const found: Problem[] = [];
  for (const field of fields) {
    const part = at(value, [field.name]);
    const here = [...path, field.name];
    if (part === undefined || part === null) {
      if (field.required) found.push({ path: here, text: 'is required' });
    } else {
      found.push(...ofValue(document, field.type, part, here));
    }
  }
  for (const choice of choices) {
    const set = choice.members.filter((name) => at(value, [name]) != null);
    if (set.length > 1) found.push({ path, text: `only one of ${set.join(', ')} may be set` });
    if (set.length === 0 && choice.required)
      found.push({ path, text: `one of ${choice.members.join(', ')} is required` });
  }
  return found;
}

function ofValue(document: Document, type: FieldType, value: Json, path: Path): Problem[] {
  const wrong = (text: string) => [{ path, text }];
  switch (type.kind) {
    case 'message':
      return ofMessage(document, type.schema, value, path);
    case 'list':
      if (!Array.isArray(value)) return wrong('a list is expected: [ … ]');
      return value.flatMap((item, i) => ofValue(document, type.item, item, [...path, i]));
    case 'map':
      if (!isObject(value)) return wrong('an object is expected: { … }');
      return Object.entries(value).flatMap(([key, part]) =>
        ofValue(document, type.value, part, [...path, key]),
      );
    case 'boolean':
      return typeof value === 'boolean' ? [] : wrong('true or false is expected');
    case 'integer':
      return ofInteger(type, value).map((text) => ({ path, text }));
    case 'number':
      return isNumber(value) ? [] : wrong('a number is expected');
    case 'enum':
      return type.values.includes(String(value))
        ? []
        : wrong(`one of ${type.values.join(', ')} is expected`);
    case 'bytes':
      return isBytes(value) ? [] : wrong('base64 is expected, or a file');
    case 'text':
      return ofText(type, value).map((text) => ({ path, text }));
    case 'json':
      return [];
  }
}

function isNumber(value: Json): boolean {
  return (
    typeof value === 'number' ||
    (typeof value === 'string' && /^(NaN|-?Infinity|-?\d+(\.\d+)?(e[-+]?\d+)?)$/i.test(value))
  );
}

// "@NAME" stands for an attached file; no base64 begins so.
function isBytes(value: Json): boolean {
  return (
    typeof value === 'string' && (value.startsWith('@') || /^[A-Za-z0-9+/_-]*={0,2}$/.test(value))
  );
}

function ofInteger(
  type: { wide: boolean; minimum?: number; maximum?: number },
  value: Json,
): string[] {
  if (typeof value === 'string' ? !type.wide || !/^-?\d+$/.test(value) : !Number.isInteger(value)) {
    return ['a whole number is expected'];
  }
  if (type.minimum !== undefined && Number(value) < type.minimum)
    return [`at least ${type.minimum} is expected`];
  if (type.maximum !== undefined && Number(value) > type.maximum)
    return [`at most ${type.maximum} is expected`];
  return [];
}

function ofText(type: { format: string; pattern: string }, value: Json): string[] {
  if (typeof value !== 'string') return ['text is expected'];
  if (type.format === 'date-time' && Number.isNaN(Date.parse(value)))
    return ['a time is expected: 2026-12-31T12:00:00Z'];
  if (type.pattern && !new RegExp(type.pattern).test(value))
    return [`a text like ${type.pattern} is expected`];
  return [];
}
