#!/usr/bin/env node
/**
 * Generates `src/generated` from the `.proto` files that TensorFlow's wheel carries, and from those in `protos/`:
 *
 *   unzip tensorflow_cpu-2.18.1-*.whl 'tensorflow/include/*.proto' -d wheel
 *   node libs/tensorflow/scripts/generate-protos.mjs wheel/tensorflow/include
 *
 * Only the roots below and what they import are generated. The result is checked in, so that neither a build nor a
 * test needs the compiler; run this again when the pinned TensorFlow changes.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOTS = [
  'tensorflow/core/protobuf/saved_model.proto',
  'tensorflow/core/protobuf/config.proto',
  'tensorflow/core/protobuf/tensorflow_server.proto',
  'tensorflow/core/util/event.proto',
  'tensorflow/core/framework/dataset_options.proto',
  'tensorflow/core/protobuf/tensor_bundle.proto',
  'tensorflow/core/example/example.proto',
];
/** What the wheel does not carry as text. */
const OWN = fileURLToPath(new URL('../protos', import.meta.url));
const COMPILER = '@bufbuild/buf@1.61.0';
const PLUGIN = fileURLToPath(import.meta.resolve('@bufbuild/protoc-gen-es/package.json'));

/** The roots and everything they import, but for Google's own types, which the runtime brings. */
function closure(include) {
  const files = new Set(ROOTS);
  for (const file of files) {
    const imports = readFileSync(join(include, file), 'utf8').matchAll(/^import (?:public )?"([^"]+)";/gm);
    for (const [, path] of imports) if (!path.startsWith('google/protobuf/')) files.add(path);
  }
  return [...files];
}

const [include] = process.argv.slice(2);
if (!include) throw new Error('usage: generate-protos.mjs INCLUDE (the folder that holds tensorflow/core)');
const output = fileURLToPath(new URL('../src/generated', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'protos-'));
for (const file of closure(include)) {
  mkdirSync(dirname(join(work, 'in', file)), { recursive: true });
  cpSync(join(include, file), join(work, 'in', file));
}
cpSync(OWN, join(work, 'in'), { recursive: true });
const template = {
  version: 'v2',
  plugins: [
    {
      local: ['node', join(dirname(PLUGIN), 'bin/protoc-gen-es')],
      out: output,
      opt: ['target=ts', 'import_extension=js'],
    },
  ],
};
writeFileSync(join(work, 'buf.gen.json'), JSON.stringify(template));
for (const folder of ['tensorflow', 'tsl']) rmSync(join(output, folder), { recursive: true, force: true });
execFileSync('npx', ['--yes', COMPILER, 'generate', 'in', '--template', 'buf.gen.json'], {
  cwd: work,
  stdio: 'inherit',
});
rmSync(work, { recursive: true });
