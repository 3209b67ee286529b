// node validate.mjs FILE...: whether each is valid OpenAPI 3.1, by the public schemas of OpenAPI. What
// these cannot see is looked at as well: names of operations are unique, references lead somewhere.
import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'];

function references(node, found = []) {
  if (node === null || typeof node !== 'object') return found;
  if (typeof node.$ref === 'string') found.push(node.$ref);
  for (const child of Object.values(node)) references(child, found);
  return found;
}

function leadsSomewhere(document, reference) {
  const steps = reference.replace(/^#\//, '').split('/').map((step) => step.replace('~1', '/').replace('~0', '~'));
  return steps.reduce((node, step) => node?.[step], document) !== undefined;
}

function operations(document) {
  const items = [...Object.values(document.paths ?? {}), ...Object.values(document.webhooks ?? {})];
  return items.flatMap((item) => METHODS.filter((method) => item[method]).map((method) => item[method]));
}

function problems(document) {
  const found = [];
  const ids = operations(document).map((operation) => operation.operationId);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => found.push(`operationId ${id} is there twice`));
  ids.filter((id) => !/^[a-z][A-Za-z0-9]*$/.test(id)).forEach((id) => found.push(`operationId ${id}`));
  references(document)
    .filter((reference) => !leadsSomewhere(document, reference))
    .forEach((reference) => found.push(`${reference} leads nowhere`));
  return found;
}

let failed = false;
for (const file of process.argv.slice(2)) {
  const document = JSON.parse(await readFile(file, 'utf8'));
  const validator = new Validator();
  const checked = await validator.validate(structuredClone(document));
  const found = problems(document);
  if (!checked.valid) found.push(JSON.stringify(checked.errors, null, 1));
  if (validator.version !== '3.1') found.push(`it was taken for OpenAPI ${validator.version}`);
  console.log(`${file}: ${operations(document).length} operations, ${found.length === 0 ? 'valid' : found.join('\n')}`);
  failed ||= found.length > 0;
}
process.exit(failed ? 1 : 0);
