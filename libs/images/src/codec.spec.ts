import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { codec, load, NEEDED } from './codec.js';

const require = createRequire(import.meta.url);

describe('the codec', () => {
  it('is loaded once', () => expect(codec()).toBe(codec()));

  it.each(['16.20.2', '17.9.1', '18.16.1'])('is refused on Node.js %s, with what it needs', (version) => {
    expect(() => load(version)).toThrow(
      expect.objectContaining({
        code: 'TOOL_MISSING',
        details: { expected: 'Node.js 18.17 and glibc 2.26, or newer', got: `Node.js ${version}` },
      }),
    );
  });

  it.each(['18.17.0', '20.3.0', '24.0.0'])('is loaded on Node.js %s', (version) => {
    expect(load(version)).toBe(codec());
  });

  it('needs what its own packages say', () => {
    const { node, glibc } = NEEDED;
    const { engines } = require('sharp/package.json') as { engines: { node: string } };
    expect(engines.node).toMatch(new RegExp(`^\\^${node.major}\\.${node.minor}\\.`, 'u'));
    const { config } = require('@img/sharp-linux-x64/package') as { config: { glibc: string } };
    expect(config.glibc).toBe(`>=${glibc}`);
  });
});
