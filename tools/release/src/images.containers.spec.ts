import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkImage, enginePlatform } from './images.mjs';
import { releaseOf, type Image } from './release.mjs';

const docker = (args: readonly string[], input = ''): string =>
  execFileSync('docker', args, {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
    // The builder of old: it is in every engine.
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
  }).trim();

describe('an image of a release', { timeout: 120_000 }, () => {
  const asked = releaseOf(
    { project: 'registry.example/team', only: ['ingest'], gpu: false, push: false },
    enginePlatform,
  );
  const image = asked.images[0] as Image;
  const made: string[] = [];
  let release: typeof asked;

  beforeAll(() => {
    vi.spyOn(console, 'log').mockReturnValue();
    // Whatever commit the images here are of.
    const label = '{{index .Config.Labels "org.opencontainers.image.revision"}}';
    release = { ...asked, commit: docker(['image', 'inspect', '--format', label, image.built]) };
  });

  afterAll(() => {
    vi.restoreAllMocks();
    if (made.length > 0) docker(['image', 'rm', ...made]);
  });

  /** What the release says of its image with something done to it. */
  function check(instructions: readonly string[]): unknown {
    const built = `bluewaters/altered:${made.length}`;
    docker(['build', '--tag', built, '-'], [`FROM ${image.built}`, ...instructions].join('\n'));
    made.push(built);
    return checkImage({ ...image, built }, release);
  }

  it('passes as it is built', () => {
    expect(checkImage(image, release)).toEqual({ bytes: expect.any(Number) as number });
  });

  it.each([
    ['of another version', ['LABEL org.opencontainers.image.version=9.9.9'], 'the version'],
    ['of another commit', ['LABEL org.opencontainers.image.revision=0'], 'the revision'],
    ['that root runs', ['USER 0:0'], 'an ordinary user'],
    ['whose user is known by name alone', ['USER bluewaters'], 'an ordinary user'],
    ['larger than its bound', ['USER 0', 'RUN head -c 60M /dev/zero > /large', 'USER 10001:10001'], 'bytes at most'],
    ['with a program that gives rights', ['USER 0', 'RUN chmod u+s /bin/ls', 'USER 10001:10001'], 'files that give'],
  ])('is refused %s', (_, instructions, what) => {
    expect(() => check(instructions)).toThrow(new RegExp(`^bluewaters/altered:\\d: expected ${what}`, 'u'));
  });

  it('is refused for another platform than was asked for', () => {
    expect(() => checkImage({ ...image, platform: 'linux/arm64' }, release)).toThrow(
      'expected the platform linux/arm64, got linux/amd64',
    );
  });
});
