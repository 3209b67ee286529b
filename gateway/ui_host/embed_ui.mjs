// Builds the gateway's page and writes a C++ source that has its files, each plain and packed.
//
//   node embed_ui.mjs --npm npm --page gateway/ui --otherwise no_page.html --required AUTO
//     --out embedded_ui.cc --depfile embedded_ui.cc.d
//
// Where npm fails the page `--otherwise` takes its place, with a warning, unless `--required ON`: who
// has no network can build all the rest. Node's own zlib packs, so nothing else is needed.
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {basename, dirname, extname, join, relative, resolve} from 'node:path';
import {parseArgs} from 'node:util';
import {brotliCompressSync, constants, gzipSync} from 'node:zlib';

const {values: flags} = parseArgs({
  options: {
    npm: {type: 'string'},
    page: {type: 'string'},
    otherwise: {type: 'string'},
    required: {type: 'string'},
    out: {type: 'string'},
    depfile: {type: 'string'},
  },
});

// Not read by the build.
const kNotSources = new Set(['node_modules', 'dist', 'fake', 'gen', 'pictures', 'test', 'tests']);
// As ui_folder.cc has them.
const kTypes = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
};

function filesBelow(folder) {
  return readdirSync(folder, {withFileTypes: true}).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

// Files, and folders, whose time changes when a file comes or goes; of the page's own folder the
// files alone, since npm writes there.
function sourcesOf(page) {
  const sources = [];
  const visit = (folder) => {
    for (const entry of readdirSync(folder, {withFileTypes: true})) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (kNotSources.has(entry.name)) continue;
        sources.push(path);
        visit(path);
      } else if (!entry.name.endsWith('.tsbuildinfo')) {
        sources.push(path);
      }
    }
  };
  visit(page);
  return sources;
}

function npm(...args) {
  const run = spawnSync(flags.npm, args, {
    cwd: flags.page,
    encoding: 'utf8',
    env: {...process.env, npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false'},
  });
  if (run.status === 0) return;
  throw new Error(`npm ${args.join(' ')}:\n${run.error ?? ''}${run.stdout ?? ''}${run.stderr ?? ''}`);
}

function changed(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

// The files of the page by their paths.
function builtPage() {
  const installed = changed(join(flags.page, 'node_modules/.package-lock.json'));
  if (installed < changed(join(flags.page, 'package-lock.json'))) npm('ci');
  npm('run', 'build');
  const dist = join(flags.page, 'dist');
  return filesBelow(dist).filter((path) => extname(path) !== '.map').map((path) => [relative(dist, path), path]);
}

function pageOrNone() {
  try {
    return builtPage();
  } catch (error) {
    if (flags.required === 'ON') throw error;
    console.error(`warning: the gateway's page could not be built, and says so itself:\n${error.message}`);
    return [['index.html', flags.otherwise]];
  }
}

function smaller(packed, plain) {
  return packed.length < plain.length * 0.95 ? packed : null;
}

// The source for `files`; what it has is written beside it, and taken in by the assembler: a compiler
// would need minutes for as much text.
function sourceOf(files, folder) {
  const assembly = [];
  const declarations = [];
  const rows = [];
  files.forEach(([path, file], number) => {
    const plain = readFileSync(file);
    const view = (form, bytes) => {
      if (bytes === null) return '{}';
      const name = `chains_ui_${number}_${form}`;
      const beside = join(folder, `${number}.${form}`);
      writeFileSync(beside, bytes);
      assembly.push(`.globl ${name}\n.hidden ${name}\n${name}:\n.incbin "${beside}"`);
      declarations.push(`extern const char ${name}[] __attribute__((visibility("hidden")));`);
      return `{${name}, ${bytes.length}}`;
    };
    const quality = {[constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY};
    const digest = createHash('sha256').update(plain).digest('hex').slice(0, 32);
    const type = kTypes[extname(path)] ?? 'application/octet-stream';
    rows.push(`    UiAsset{.path = ${JSON.stringify(path)},
            .type = ${JSON.stringify(type)},
            .digest = "${digest}",
            .plain = ${view('plain', plain)},
            .gzip = ${view('gz', smaller(gzipSync(plain, {level: 9}), plain))},
            .brotli = ${view('br', smaller(brotliCompressSync(plain, {params: quality}), plain))}},`);
  });
  return `// Made by embed_ui.mjs.
#include <array>

#include "gateway/ui_host/ui_assets.h"

asm(R"(.pushsection .rodata,"a",@progbits
${assembly.join('\n')}
.popsection
)");
extern "C" {
${declarations.join('\n')}
}

namespace chains::gateway {

const UiAssets& EmbeddedUi() {
  static const std::array<UiAsset, ${rows.length}> files = {{
${rows.join('\n')}
  }};
  static const UiAssets assets(files);
  return assets;
}

}  // namespace chains::gateway
`;
}

const byPath = ([a], [b]) => (a < b ? -1 : a > b ? 1 : 0);
const files = pageOrNone().sort(byPath);
const folder = join(dirname(resolve(flags.out)), 'ui_files');
rmSync(folder, {recursive: true, force: true});
mkdirSync(folder, {recursive: true});
writeFileSync(flags.out, sourceOf(files, folder));
const escaped = (path) => path.replaceAll(' ', '\\ ').replaceAll('$', '$$$$');
writeFileSync(flags.depfile, `${escaped(flags.out)}: ${sourcesOf(resolve(flags.page)).map(escaped).join(' \\\n  ')}\n`);
const total = (form) => filesBelow(folder).filter((file) => file.endsWith(form)).reduce((sum, file) => sum + statSync(file).size, 0);
console.log(`${basename(flags.out)}: ${files.length} files, ${total('.plain')} bytes, ${total('.br')} packed`);
