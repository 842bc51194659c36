import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { codec, load, NEEDED } from './codec.js';

const require = createRequire(import.meta.url);

describe('the codec', () => {
  it('is loaded once', () => expect(codec()).toBe(codec()));

  it.each(['16.20.2', '19.9.0', '20.8.1'])('is refused on Node.js %s, with what it needs', (version) => {
    expect(() => load(version)).toThrow(
      expect.objectContaining({
        code: 'TOOL_MISSING',
        details: { expected: 'Node.js 20.9 and glibc 2.28, or newer', got: `Node.js ${version}` },
      }),
    );
  });

  it.each(['20.9.0', '21.0.0', '24.0.0'])('is loaded on Node.js %s', (version) => {
    expect(load(version)).toBe(codec());
  });

  it('needs what its own packages say', () => {
    const { node, glibc } = NEEDED;
    const { engines, config } = require('@img/sharp-linux-x64/package') as {
      engines: { node: string };
      config: { glibc: string };
    };
    expect(engines.node).toBe(`>=${node.major}.${node.minor}.0`);
    expect(config.glibc).toBe(`>=${glibc}`);
  });
});
