// JSON values, and changing one of their parts without changing them.
//
//     setAt({ names: ['Ada'] }, ['names', 1], 'Sid')   // { names: ['Ada', 'Sid'] }

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [name: string]: Json };
export type Path = readonly (string | number)[];

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function at(value: Json | undefined, path: Path): Json | undefined {
  let found = value;
  for (const step of path) {
    if (Array.isArray(found)) found = found[step as number];
    else if (isObject(found)) found = Object.hasOwn(found, step) ? found[step] : undefined;
    else return undefined;
  }
  return found;
}

/** A copy with `part` at `path`; with undefined it is taken away. What is missing on the way is made. */
export function setAt(
  value: Json | undefined,
  path: Path,
  part: Json | undefined,
): Json | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return part;
  if (typeof step === 'number') {
    const copy = Array.isArray(value) ? [...value] : [];
    const inner = setAt(copy[step], rest, part);
    if (inner === undefined) copy.splice(step, 1);
    else copy[step] = inner;
    return copy;
  }
  const copy: JsonObject = isObject(value) ? { ...value } : {};
  const inner = setAt(Object.hasOwn(copy, step) ? copy[step] : undefined, rest, part);
  if (inner === undefined) delete copy[step];
  else copy[step] = inner;
  return copy;
}
