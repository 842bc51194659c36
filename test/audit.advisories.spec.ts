import { expect, it } from 'vitest';
import { bash } from './support/docker.js';

it('the dependency audit finds no grave advisory that is not accepted', async () => {
  const { code, stderr } = await bash('npm run --silent audit');
  expect(stderr).toBe('');
  expect(code).toBe(0);
}, 60_000);
