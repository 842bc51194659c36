#!/usr/bin/env node
/**
 * Generates `libs/tensorflow/src/generated/operations` from the registry of the TensorFlow library that is installed:
 *
 *   node tools/operations/operations.mjs
 *
 * What TensorFlow says about each operation comes from `generated/documentation.json` beside this file. When the
 * pinned TensorFlow changes, write that anew from the Python wrappers in its wheel:
 *
 *   node tools/operations/operations.mjs --documentation wheel/tensorflow/python/ops
 *
 * Both results are checked in; specs compare them with what the library and the wheel give.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { generateFiles, readDocumentation } from './src/generate.mjs';

const DOCUMENTATION = new URL('generated/documentation.json', import.meta.url);
const OUTPUT = new URL('../../libs/tensorflow/src/generated/operations/', import.meta.url);

const { values } = parseArgs({ options: { documentation: { type: 'string' } } });
if (values.documentation !== undefined) {
  writeFileSync(DOCUMENTATION, `${JSON.stringify(readDocumentation(values.documentation), undefined, 1)}\n`);
}
const files = generateFiles(JSON.parse(readFileSync(DOCUMENTATION, 'utf8')));
rmSync(OUTPUT, { recursive: true, force: true });
mkdirSync(OUTPUT, { recursive: true });
for (const [name, text] of Object.entries(files)) writeFileSync(new URL(name, OUTPUT), text);
