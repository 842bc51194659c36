import { describe, expect, it } from 'vitest';
import { releaseOf } from './release.mjs';

const ASKED = { project: 'registry.example.org/ncsa', gpu: false, push: false };

/** What would be built of a release on an engine of a kind. */
function built(engine: string, asked: { platform?: string[]; only?: string[]; gpu?: boolean } = {}): string[] {
  return releaseOf({ ...ASKED, ...asked }, () => engine).images.map(({ built }) =>
    built.replace(/^\w+\/|:[\d.]+/gu, ''),
  );
}

describe('a release', () => {
  it('has the image for systems of 2016 where the engine is of their kind, and is complete without it elsewhere', () => {
    const [old, ...others] = built('linux/amd64').toReversed();
    expect(old).toBe('blue-waters');
    expect(built('linux/arm64')).toEqual(others.toReversed());
    expect(() => built('linux/arm64', { only: ['blue-waters'] })).toThrow('there is no blue-waters for linux/arm64');
  });

  it('is for the platforms that are named, whatever the engine is', () => {
    const platform = ['linux/amd64', 'linux/arm64'];
    expect(built('linux/arm64', { platform, only: ['cli', 'blue-waters'] })).toEqual([
      'cli-amd64',
      'blue-waters-amd64',
      'cli-arm64',
    ]);
  });

  it('for GPUs is refused by an engine that has no TensorFlow for them', () => {
    expect(built('linux/amd64', { gpu: true })).toEqual(
      ['ingest', 'shards', 'training', 'inference', 'cli'].map((name) => `${name}-gpu`),
    );
    expect(() => built('linux/arm64', { gpu: true })).toThrow('there is no TensorFlow for GPUs on linux/arm64');
  });
});
