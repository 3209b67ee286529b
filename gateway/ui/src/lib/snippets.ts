// The call of the dialogue as text to copy: for a shell, for Python, and for C++ with gRPC.

import { isObject, type Json } from './json';
import type { Method } from './schema';

export interface Call {
  url: string; // "http://127.0.0.1:8080/chains/hello/production/run_remote"
  grpc: string; // "127.0.0.1:8081"; empty: there is none
  chain: string;
  environment: string; // or else
  deployment: string;
  entrypoint: string; // "hello.HelloAll"
  method: Method;
  request: Json;
  files: ReadonlyMap<string, string>; // field of the request → name of the file that is it
}

export type Language = 'curl' | 'Python' | 'C++';

export function snippet(language: Language, call: Call): string {
  if (language === 'curl') return curl(call);
  return language === 'Python' ? python(call) : cpp(call);
}

/** For a POSIX shell: within '…' nothing has a meaning but the quote itself. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const linesOf = (request: Json) =>
  (Array.isArray(request) ? request : [request]).map((each) => JSON.stringify(each));

function withoutFiles(call: Call): Json {
  if (!isObject(call.request)) return call.request;
  return Object.fromEntries(Object.entries(call.request).filter(([name]) => !call.files.has(name)));
}

function curl({ url, method, request, ...call }: Call): string {
  const parts = [`curl${method.answersStream ? ' -N' : ''} -X POST ${shellQuoted(url)}`];
  parts.push('-H "Authorization: Api-Key $CHAINS_API_KEY"');
  if (call.files.size > 0) {
    const rest = withoutFiles({ url, method, request, ...call });
    for (const [name, value] of Object.entries(isObject(rest) ? rest : {})) {
      const said = `${name}=${JSON.stringify(value)};type=application/json`;
      parts.push(`-F ${shellQuoted(said)}`);
    }
    for (const [name, file] of call.files) parts.push(`-F ${shellQuoted(`${name}=@${file}`)}`);
  } else if (method.takesStream) {
    parts.push("-H 'Content-Type: application/x-ndjson'");
    parts.push(`--data-binary ${shellQuoted(`${linesOf(request).join('\n')}\n`)}`);
  } else {
    parts.push(`-d ${shellQuoted(JSON.stringify(request))}`);
  }
  return `${parts.join(' \\\n  ')}\n`;
}

/** A literal of Python. */
export function pythonLiteral(value: Json, indent = ''): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  // JSON's escapes are Python's, too, but for characters beyond the first plane, which stay as they are.
  if (typeof value !== 'object') return JSON.stringify(value);
  const deeper = `${indent}    `;
  const parts = Array.isArray(value)
    ? value.map((each) => pythonLiteral(each, deeper))
    : Object.entries(value).map(
        ([name, each]) => `${JSON.stringify(name)}: ${pythonLiteral(each, deeper)}`,
      );
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const short = `${open}${parts.join(', ')}${close}`;
  if (short.length + indent.length < 80 && !short.includes('\n')) return short;
  return `${open}\n${parts.map((part) => `${deeper}${part},\n`).join('')}${indent}${close}`;
}

function python(call: Call): string {
  const { method, request, files } = call;
  const lines = ['import os', ''];
  const imports = files.size > 0 || method.takesStream ? ['import json', ...lines] : lines;
  if (method.answersStream && !imports.includes('import json')) imports.unshift('import json');
  const out = [...imports, 'import requests', ''];
  const options = ['headers={"Authorization": "Api-Key " + os.environ["CHAINS_API_KEY"]}'];
  if (files.size > 0) {
    const rest = withoutFiles(call);
    const parts = Object.entries(isObject(rest) ? rest : {}).map(
      ([name, value]) =>
        `    ${JSON.stringify(name)}: (None, json.dumps(${pythonLiteral(value, '    ')}), "application/json"),`,
    );
    for (const [name, file] of files) {
      parts.push(`    ${JSON.stringify(name)}: open(${JSON.stringify(file)}, "rb"),`);
    }
    out.push('files = {', ...parts, '}');
    options.push('files=files');
  } else if (method.takesStream) {
    out.push(`requests_in = ${pythonLiteral(Array.isArray(request) ? request : [request])}`);
    options[0] = options[0]!.replace(/}$/, ', "Content-Type": "application/x-ndjson"}');
    options.push('data="".join(json.dumps(each) + "\\n" for each in requests_in)');
  } else {
    out.push(`request = ${pythonLiteral(request)}`);
    options.push('json=request');
  }
  if (method.answersStream) options.push('stream=True');
  out.push('response = requests.post(', `    ${JSON.stringify(call.url)},`);
  out.push(...options.map((option) => `    ${option},`), ')', 'response.raise_for_status()');
  if (method.answersStream) {
    out.push(
      'for line in response.iter_lines():',
      '    if line:',
      '        print(json.loads(line))',
    );
  } else {
    out.push('print(response.json())');
  }
  return `${out.join('\n')}\n`;
}

const cppName = (name: string) => name.replaceAll('.', '::');

/** A literal of C++ of any text: raw, and with a delimiter that does not occur in it. */
export function cppLiteral(text: string): string {
  let mark = '';
  while (text.includes(`)${mark}"`)) mark = mark === '' ? 'json' : `${mark}x`;
  return `R"${mark}(${text})${mark}"`;
}

function cpp(call: Call): string {
  const { method, chain, entrypoint } = call;
  const stub = `${cppName(entrypoint)}::NewStub(channel)`;
  const [request, reply] = [cppName(method.requestMessage), cppName(method.replyMessage)];
  const json = (value: Json) => cppLiteral(JSON.stringify(value, null, 2));
  const where = call.deployment
    ? `context.AddMetadata("chains-deployment", "${call.deployment}");`
    : `context.AddMetadata("chains-environment", "${call.environment}");`;
  const fromJson = (value: Json) => [
    `  ${request} request;`,
    `  if (!google::protobuf::util::JsonStringToMessage(${json(value)}, &request).ok()) return 1;`,
    ...[...call.files].map(([name, file]) => `  request.set_${name}(FileAt("${file}"));`),
  ];
  const body: string[] = [];
  if (method.takesStream) {
    const requests = Array.isArray(call.request) ? call.request : [call.request];
    const stream = method.answersStream
      ? `${stub}->${method.rpc}(&context)`
      : `${stub}->${method.rpc}(&context, &reply)`;
    if (!method.answersStream) body.push(`  ${reply} reply;`);
    body.push(`  const auto stream = ${stream};`);
    body.push(
      '  for (const char* const json : {',
      ...requests.map((each) => `           ${json(each)},`),
      '       }) {',
    );
    body.push(`    ${request} request;`);
    body.push(
      '    if (!google::protobuf::util::JsonStringToMessage(json, &request).ok()) return 1;',
    );
    body.push('    stream->Write(request);', '  }', '  stream->WritesDone();');
    if (method.answersStream)
      body.push(
        `  ${reply} reply;`,
        '  while (stream->Read(&reply)) std::cout << reply.ShortDebugString() << "\\n";',
      );
    body.push('  const grpc::Status status = stream->Finish();');
  } else if (method.answersStream) {
    body.push(
      ...fromJson(withoutFiles(call)),
      `  const auto stream = ${stub}->${method.rpc}(&context, request);`,
    );
    body.push(
      `  ${reply} reply;`,
      '  while (stream->Read(&reply)) std::cout << reply.ShortDebugString() << "\\n";',
    );
    body.push('  const grpc::Status status = stream->Finish();');
  } else {
    body.push(...fromJson(withoutFiles(call)), `  ${reply} reply;`);
    body.push(`  const grpc::Status status = ${stub}->${method.rpc}(&context, request, &reply);`);
  }
  if (!method.answersStream) body.push('  std::cout << reply.DebugString();');
  return `${[
    `// g++ -std=c++17 call.cc *.pb.cc $(pkg-config --cflags --libs grpc++ protobuf), with the .proto of ${chain}`,
    '#include <google/protobuf/util/json_util.h>',
    '#include <grpcpp/grpcpp.h>',
    '',
    '#include <cstdlib>',
    ...(call.files.size > 0 ? ['#include <fstream>'] : []),
    '#include <iostream>',
    ...(call.files.size > 0 ? ['#include <iterator>'] : []),
    '#include <string>',
    '',
    `#include "${chain}.grpc.pb.h"`,
    '',
    ...(call.files.size > 0
      ? [
          'std::string FileAt(const char* path) {',
          '  std::ifstream file(path, std::ios::binary);',
          '  return {std::istreambuf_iterator<char>(file), {}};',
          '}',
          '',
        ]
      : []),
    'int main() {',
    `  const auto channel = grpc::CreateChannel("${call.grpc || '127.0.0.1:8081'}", grpc::InsecureChannelCredentials());`,
    '  grpc::ClientContext context;',
    '  context.AddMetadata("authorization", std::string("Api-Key ") + std::getenv("CHAINS_API_KEY"));',
    `  context.AddMetadata("chains-chain", "${chain}");`,
    `  ${where}`,
    ...body,
    '  if (!status.ok()) std::cerr << status.error_message() << "\\n";',
    '  return status.ok() ? 0 : 1;',
    '}',
  ].join('\n')}\n`;
}
