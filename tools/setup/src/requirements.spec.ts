import { describe, expect, it } from 'vitest';
import { atLeast, requireMachine } from './requirements.mjs';

const machine = { nodeVersion: '20.20.2', platform: 'linux', arch: 'x64', glibc: '2.36', cpuFeatures: ['avx'] };

describe('versions', () => {
  it.each([
    ['20.20.2', '20', true],
    ['20', '20.0.0', true],
    ['19.9.9', '20', false],
    ['2.9', '2.17', false],
    ['1.24.8', '1.24.8', true],
    ['1.24.7', '1.24.8', false],
    ['1.25', '1.24.8', true],
  ])('%s against at least %s: %s', (version, least, expected) => {
    expect(atLeast(version, least)).toBe(expected);
  });
});

describe('the machine', () => {
  it('passes when it has everything', () => {
    expect(() => requireMachine(machine)).not.toThrow();
    expect(() => requireMachine({ ...machine, arch: 'arm64', cpuFeatures: ['asimd'] })).not.toThrow();
  });

  it.each([
    ['an old Node', { nodeVersion: '20.8.1' }, /Node\.js 20\.9/],
    ['another system', { platform: 'darwin' }, /Linux on x64/],
    ['another processor', { arch: 'ppc64' }, /Linux on x64 or arm64/],
    ['another C library', { glibc: undefined }, /glibc 2\.17/],
    ['an old C library', { glibc: '2.12' }, /glibc 2\.17/],
    ['a CPU without AVX', { cpuFeatures: ['sse4_2', 'avx2x'] }, /AVX/],
  ])('is refused for %s, with how to get on', (_what, change, message) => {
    const refuse = () => requireMachine({ ...machine, ...change });
    expect(refuse).toThrow(message);
    expect(refuse).toThrow(expect.objectContaining({ how: expect.stringMatching(/^[A-Z].*\.$/) }));
  });
});
