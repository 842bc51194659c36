import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** One project a package, so that `vitest run --project records` runs one package's tests. */
const packages = ['libs', 'services', 'tools'].flatMap((group) =>
  readdirSync(new URL(group, import.meta.url)).map((name) => ({ name, root: `./${group}/${name}` })),
);

/** Tests import sources, never builds, so that one class has one identity in a test. */
const conditions = ['bluewaters-source', 'node', 'import', 'module', 'default'];

/** What this machine lacks, as `npm test` found it: `net,gpu` leaves out *.net.spec.ts and *.gpu.spec.ts. */
const lacking = (process.env['BLUEWATERS_LACKS'] ?? '').split(',').filter(Boolean);

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [...packages, { name: 'test', root: './test' }].map(({ name, root }) => ({
      extends: true as const,
      root,
      resolve: { conditions },
      ssr: { resolve: { conditions } },
      test: {
        name,
        include: ['**/*.spec.ts'],
        exclude: ['**/node_modules/**', '**/dist/**', ...lacking.map((need) => `**/*.${need}.{,*.}spec.ts`)],
      },
    })),
  },
});
