import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Text given here counts as the content of a file that exists, so that typed rules know its package. */
let eslint: ESLint;

beforeAll(async () => {
  eslint = new ESLint({
    cwd: root,
    overrideConfig: {
      files: ['**/*.ts'],
      // On a CI machine the parser would otherwise read the file on disk instead of the text.
      languageOptions: { parserOptions: { disallowAutomaticSingleRunInference: true } },
    },
  });
  await complaints('libs/errors/src/index.ts', 'export {};\n');
}, 120_000);

/** Lints `text` as if it were `file`. Gives `rule: message` for each complaint. */
async function complaints(file: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath: `${root}${file}` });
  return (result?.messages ?? []).map(({ ruleId, message }) => `${ruleId ?? 'parser'}: ${message}`);
}

const ARROW = /^@nx\/enforce-module-boundaries: A project tagged with "(scope|layer):\w+" can only depend on libs/;
/** An import against an arrow is called by the circle that it closes. */
const CIRCLE = /^@nx\/enforce-module-boundaries: Circular dependency between /;
const OWNER = /^@nx\/enforce-module-boundaries: .*is not allowed to import "[^"]+"/;
const RELATIVE = /^@nx\/enforce-module-boundaries: Projects cannot be imported by a relative or absolute path/;
const RESTRICTED = /^no-restricted-imports: /;
const SYNTAX = /^no-restricted-syntax: /;

const forbidden: [behaviour: string, file: string, text: string, complaint: RegExp][] = [
  ['a service that imports another', 'services/shards/src/index.ts', `import '@bluewaters/ingest';`, ARROW],
  ['a service that loads another late', 'services/shards/src/index.ts', `await import('@bluewaters/ingest');`, ARROW],
  ['a library that imports a service', 'libs/models/src/index.ts', `import '@bluewaters/training';`, CIRCLE],
  ['a service that imports a tool', 'services/training/src/index.ts', `import '@bluewaters/cli';`, CIRCLE],
  ['an arrow turned round', 'libs/records/src/index.ts', `import '@bluewaters/models';`, CIRCLE],
  ['TensorFlow with the rest', 'libs/tensorflow/src/index.ts', `import '@bluewaters/records';`, ARROW],
  ['an arrow between siblings', 'libs/storage/src/index.ts', `import '@bluewaters/messages';`, ARROW],
  ['the base with an arrow of its own', 'libs/errors/src/index.ts', `import '@bluewaters/records';`, CIRCLE],
  ['sharp outside images', 'services/ingest/src/index.ts', `import 'sharp';`, OWNER],
  ['nats outside messages', 'libs/service/src/index.ts', `import 'nats';`, OWNER],
  ['koffi outside tensorflow and collectives', 'libs/models/src/index.ts', `import 'koffi';`, OWNER],
  ['minio outside storage', 'libs/testing/src/index.ts', `import 'minio';`, OWNER],
  ['tfjs outside models', 'services/training/src/index.ts', `import '@tensorflow/tfjs';`, OWNER],
  ['a type of pino outside service', 'services/ingest/src/index.ts', `export type { Logger } from 'pino';`, OWNER],
  ['express in a service without routes', 'services/shards/src/index.ts', `import 'express';`, OWNER],
  ['node:fs in records', 'libs/records/src/index.ts', `import 'node:fs';`, RESTRICTED],
  ['fs/promises in records', 'libs/records/src/index.ts', `import 'fs/promises';`, RESTRICTED],
  ['a deep import of sources', 'tools/cli/src/index.ts', `import '@bluewaters/records/src/crc32c.js';`, RESTRICTED],
  ['a deep import of a build', 'libs/models/src/index.ts', `import '@bluewaters/records/dist/crc.js';`, RESTRICTED],
  ['a late deep import', 'tools/cli/src/index.ts', `await import('@bluewaters/records/src/crc32c.js');`, SYNTAX],
  ['a path into another package', 'libs/models/src/index.ts', `import '../../errors/src/index.js';`, RELATIVE],
  ['a test that reaches inside', 'test/lint.spec.ts', `import '../libs/errors/src/index.js';`, RELATIVE],
  ['libs/testing in a source', 'libs/storage/src/index.ts', `import '@bluewaters/testing';`, RESTRICTED],
  ['vitest in a source', 'services/ingest/src/index.ts', `import 'vitest';`, RESTRICTED],
  ['a package in set-up', 'tools/setup/setup.mjs', `import 'zod';`, RESTRICTED],
  [
    'an import cycle',
    'libs/errors/src/codes.ts',
    `import { CodedError } from './coded-error.js';
throw new CodedError('INTERNAL', '');`,
    /^import-x\/no-cycle: /,
  ],
  [
    'a dependency that package.json does not name',
    'libs/images/src/index.ts',
    `import 'zod';`,
    /^import-x\/no-extraneous-dependencies: /,
  ],
  [
    'a floating promise',
    'libs/errors/src/index.ts',
    `Promise.resolve();`,
    /^@typescript-eslint\/no-floating-promises: /,
  ],
  [
    'a promise taken for a condition',
    'libs/errors/src/index.ts',
    `if (Promise.resolve(false)) process.exit();`,
    /^@typescript-eslint\/no-misused-promises: /,
  ],
  [
    'an import that is only a type',
    'libs/errors/src/index.ts',
    `import { ErrorCode } from './codes.js';\n/** One. */\nexport const code: ErrorCode = 'INTERNAL';`,
    /^@typescript-eslint\/consistent-type-imports: /,
  ],
  [
    'an export of types that loads their module',
    'libs/errors/src/index.ts',
    `export { type ErrorCode } from './codes.js';`,
    SYNTAX,
  ],
  [
    'an import of types that loads their module',
    'libs/errors/src/index.ts',
    `import { type ErrorCode } from './codes.js';\n/** One. */\nexport const code: ErrorCode = 'INTERNAL';`,
    /^@typescript-eslint\/no-import-type-side-effects: /,
  ],
  ['any', 'libs/errors/src/index.ts', `/** One. */\nexport type One = any;`, /^@typescript-eslint\/no-explicit-any: /],
  ['an enum', 'libs/errors/src/index.ts', `/** One. */\nexport enum One { Two }`, SYNTAX],
  ['a bare Error', 'libs/images/src/index.ts', `throw new Error('no');`, SYNTAX],
  [
    'a `!` on what may be missing',
    'libs/errors/src/index.ts',
    `/** One. */\nexport const one = new Map<string, string>().get('two')!;`,
    SYNTAX,
  ],
  ['a print in a library', 'libs/images/src/index.ts', `console.log('no');`, /^no-console: /],
];

describe('the lint', () => {
  it.each(forbidden)('refuses %s', async (_behaviour, file, text, complaint) => {
    expect(await complaints(file, `${text}\n`)).toContainEqual(expect.stringMatching(complaint));
  });

  it.each([
    ['function', 'export function one(): number { return 1; }'],
    ['constant', 'export const one = 1;'],
    ['type', 'export type One = 1;'],
    ['interface', 'export interface One { readonly two: 2 }'],
    ['class', 'export class One {}'],
    ['method of a documented class', '/** One. */\nexport class One { two(): number { return 2; } }'],
  ])('refuses an exported %s without a doc comment', async (_kind, text) => {
    expect(await complaints('libs/errors/src/index.ts', `${text}\n`)).toEqual([
      expect.stringMatching(/^jsdoc\/require-jsdoc: /),
    ]);
  });

  it.each([
    ['a library along its arrow', 'libs/models/src/index.ts', `import '@bluewaters/tensorflow';`],
    ['a service that imports libraries', 'services/ingest/src/index.ts', `import '@bluewaters/images';`],
    [
      'a command that joins services',
      'tools/cli/src/index.ts',
      `import '@bluewaters/ingest';\nimport '@bluewaters/shards';`,
    ],
    ['the owner of a client', 'libs/images/src/index.ts', `import 'sharp';`],
    ['the second owner of a client', 'services/inference/src/index.ts', `import 'express';`],
    ['libs/testing in a test', 'test/lint.spec.ts', `import '@bluewaters/testing';`],
    ['a documented export', 'libs/errors/src/index.ts', `/** One. */\nexport const one = 1;`],
    ['a type beside a value', 'libs/errors/src/index.ts', `export { ERROR_CODES, type ErrorCode } from './codes.js';`],
    ['an index in range', 'libs/errors/src/index.ts', `/** One. */\nexport const one = [1][0]! + [1].at(-1)!;`],
    ['a file of its own package', 'libs/errors/src/index.ts', `import './codes.js';`],
  ])('lets %s pass', async (_behaviour, file, text) => {
    expect(await complaints(file, `${text}\n`)).toEqual([]);
  });
});
