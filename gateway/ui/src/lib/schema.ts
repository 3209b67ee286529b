// A route's /openapi.json as what the call dialogue shows: its methods, and the fields of their
// messages. The form's state is the request's JSON itself; a field is a name, a help and a type.
//
//     const [method] = methodsOf(document);
//     const { fields, choices } = fieldsOf(document, method.request);

import { isObject, type Json, type JsonObject } from './json';

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  pattern?: string;
  description?: string;
  deprecated?: boolean;
  contentEncoding?: string;
  enum?: string[];
  minimum?: number;
  maximum?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  oneOf?: Schema[];
  allOf?: Schema[];
  anyOf?: Schema[];
}

interface MediaType {
  schema?: Schema;
  example?: Json;
}
interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  requestBody?: { content?: Record<string, MediaType> };
  responses?: Record<string, { description?: string; content?: Record<string, MediaType> }>;
}
export interface Document {
  info?: { title?: string; version?: string; description?: string };
  servers?: { url: string }[];
  paths?: Record<string, { post?: Operation; get?: Operation }>;
  components?: { schemas?: Record<string, Schema> };
}

export interface Method {
  name: string; // "run_remote", the end of its path
  rpc: string; // "RunRemote"
  about: string;
  request: Schema;
  reply: Schema | undefined;
  example: Json | undefined;
  takesStream: boolean;
  answersStream: boolean;
  takesForm: boolean; // multipart/form-data: files need not become base64
  canBeRead: boolean; // it answers GET: it changes nothing
  requestMessage: string; // "hello.HelloAllRequest"; may be empty
  replyMessage: string;
}

export type FieldType =
  | { kind: 'text'; format: string; pattern: string }
  | { kind: 'boolean' }
  | { kind: 'integer'; wide: boolean; minimum?: number; maximum?: number }
  | { kind: 'number' }
  | { kind: 'bytes' }
  | { kind: 'enum'; values: string[] }
  | { kind: 'message'; schema: Schema }
  | { kind: 'list'; item: FieldType }
  | { kind: 'map'; value: FieldType }
  | { kind: 'json' };

export interface Field {
  name: string;
  about: string;
  required: boolean;
  deprecated: boolean;
  type: FieldType;
}

/** Fields of which at most one may be set. */
export interface Choice {
  members: string[];
  required: boolean;
  about: string;
}

const LINES = 'application/x-ndjson';
const NOTE = /^At most one of ((?:`[^`]+`(?:, )?)+)(?:\.|: ([\s\S]*))$/;

/** In the document's order, but for `run_remote`, which comes first. */
export function methodsOf(document: Document): Method[] {
  const found: Method[] = [];
  for (const [path, { post, get }] of Object.entries(document.paths ?? {})) {
    const name = path.replace(/^.*\//, '');
    const isOfChain =
      post?.requestBody !== undefined && !name.startsWith('async_') && !path.includes('{');
    if (isOfChain) found.push(methodOf(name, post, get !== undefined));
  }
  return found.sort((a, b) => Number(b.name === 'run_remote') - Number(a.name === 'run_remote'));
}

function methodOf(name: string, post: Operation, canBeRead: boolean): Method {
  const takes = post.requestBody?.content ?? {};
  const answers = post.responses?.['200']?.content ?? {};
  const stream = takes[LINES];
  const body = stream ?? takes['application/json'];
  const reply = answers[LINES] ?? answers['application/json'];
  return {
    name,
    rpc: name.replace(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    about: [post.summary, post.description].filter(Boolean).join('\n\n'),
    request: body?.schema ?? {},
    reply: reply?.schema?.anyOf?.[0] ?? reply?.schema,
    example: body?.example,
    takesStream: stream !== undefined,
    answersStream: LINES in answers,
    takesForm: 'multipart/form-data' in takes,
    canBeRead,
    requestMessage: messageIn(takes),
    replyMessage: messageIn(answers),
  };
}

function messageIn(content: Record<string, MediaType>): string {
  return (
    /^([\w.]+), serialized/.exec(
      content['application/x-protobuf']?.schema?.description ?? '',
    )?.[1] ?? ''
  );
}

/** What a reference leads to, with what stands beside it. */
export function resolve(document: Document, schema: Schema): Schema {
  let found = schema;
  for (let hops = 0; found.$ref !== undefined && hops < 8; ++hops) {
    const { $ref, ...beside } = found;
    const target = document.components?.schemas?.[$ref.replace('#/components/schemas/', '')];
    found = { ...target, ...beside };
  }
  return found;
}

export function typeOf(document: Document, schema: Schema): FieldType {
  const found = resolve(document, schema);
  const types = [found.type ?? []].flat();
  if (found.enum) return { kind: 'enum', values: found.enum };
  if (types.includes('integer')) {
    return { kind: 'integer', wide: types.includes('string'), ...boundsOf(found) };
  }
  if (types.includes('number')) return { kind: 'number' };
  if (types.includes('boolean')) return { kind: 'boolean' };
  if (types.includes('string')) {
    if (found.contentEncoding === 'base64') return { kind: 'bytes' };
    if (found.format === 'int64' || found.format === 'uint64')
      return { kind: 'integer', wide: true };
    return { kind: 'text', format: found.format ?? '', pattern: found.pattern ?? '' };
  }
  if (types.includes('array') && found.items && Object.keys(found.items).length > 0) {
    return { kind: 'list', item: typeOf(document, found.items) };
  }
  if (typeof found.additionalProperties === 'object') {
    return { kind: 'map', value: typeOf(document, found.additionalProperties) };
  }
  // The reference is kept, not followed: messages may hold themselves.
  if (found.properties && found.additionalProperties !== true) return { kind: 'message', schema };
  return { kind: 'json' };
}

function boundsOf(schema: Schema): { minimum?: number; maximum?: number } {
  if (schema.format === 'int32') return { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };
  if (schema.format === 'uint32') return { minimum: 0, maximum: 2 ** 32 - 1 };
  return {
    ...(schema.minimum === undefined ? {} : { minimum: schema.minimum }),
    ...(schema.maximum === undefined ? {} : { maximum: schema.maximum }),
  };
}

export function fieldsOf(
  document: Document,
  schema: Schema,
): { fields: Field[]; choices: Choice[]; about: string } {
  const message = resolve(document, schema);
  const { choices, about } = choicesOf(message);
  const fields = Object.entries(message.properties ?? {}).map(([name, property]) => {
    const found = resolve(document, property);
    return {
      name,
      about: property.description ?? (property.$ref ? '' : (found.description ?? '')),
      required: message.required?.includes(name) ?? false,
      deprecated: found.deprecated ?? false,
      type: typeOf(document, property),
    };
  });
  return { fields, choices, about };
}

// Of an argument's oneofs the schema says that one is needed; of those of inner messages only the
// description tells.
function choicesOf(message: Schema): { choices: Choice[]; about: string } {
  const needed = [message, ...(message.allOf ?? [])]
    .flatMap((each) => (each.oneOf ? [each.oneOf] : []))
    .map((members) => members.flatMap((member) => member.required ?? []));
  const choices: Choice[] = [];
  const rest: string[] = [];
  for (const paragraph of (message.description ?? '').split('\n\n')) {
    const note = NOTE.exec(paragraph);
    if (!note) {
      rest.push(paragraph);
      continue;
    }
    const members = [...(note[1] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
    const required = needed.some((names) => names.join() === members.join());
    choices.push({ members, required, about: note[2] ?? '' });
  }
  for (const members of needed) {
    const isKnown = choices.some((choice) => choice.members.join() === members.join());
    if (!isKnown) choices.push({ members, required: true, about: '' });
  }
  return { choices, about: rest.join('\n\n') };
}

/** Something to begin with: what must be there, empty. */
export function blankOf(document: Document, type: FieldType, depth = 0): Json {
  switch (type.kind) {
    case 'text':
    case 'bytes':
      return '';
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return 0;
    case 'enum':
      return type.values[0] ?? '';
    case 'list':
      return depth > 1 || type.item.kind === 'list'
        ? []
        : [blankOf(document, type.item, depth + 1)];
    case 'map':
    case 'json':
      return {};
    case 'message':
      return blankMessage(document, type.schema, depth);
  }
}

function blankMessage(document: Document, schema: Schema, depth: number): JsonObject {
  if (depth > 4) return {};
  const { fields, choices } = fieldsOf(document, schema);
  const first = choices.filter((choice) => choice.required).map((choice) => choice.members[0]);
  const wanted = fields.filter((field) => field.required || first.includes(field.name));
  return Object.fromEntries(
    wanted.map((field) => [field.name, blankOf(document, field.type, depth + 1)]),
  );
}

/** Whether a field of bytes wants sound, so that a microphone helps. */
export function wantsSound(field: { name: string; about: string }): boolean {
  return /audio|media|sound|speech|voice|wav|recording/i.test(`${field.name} ${field.about}`);
}

export function isEmptyRequest(value: Json): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}
