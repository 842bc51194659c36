import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, type Ended } from './support/cli.js';
import { readPage, ROOT, tableIn } from './support/pages.js';
import { cellsOf } from './support/printed.js';

/** What `networks ls --json` says of a network. */
interface Listed {
  readonly name: string;
  readonly imageSize: number;
  readonly channels: number;
  readonly outputs: number;
  readonly parameters: number;
  readonly multiplyAdds: number;
  readonly publication: { readonly citation: string; readonly url: string };
  readonly recipe: { readonly epochs: number; readonly batch: number; readonly learningRate: number };
}

describe('bluewaters networks', { timeout: 60_000 }, () => {
  let directory: string;
  let listed: Ended;
  let printed: Ended;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    [listed, printed] = await Promise.all([runCli(['networks', 'ls', '--json']), runCli(['networks', 'ls'])]);
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('lists the networks as docs/networks.md does, with the same figures and recipes', () => {
    const { networks } = listed.json<{ networks: Listed[] }>();
    const count = (value: number): string => value.toLocaleString('en-US');
    const rows = networks.map(({ name, imageSize, channels, outputs, publication, recipe, ...counted }) => [
      `\`${name}\``,
      `${imageSize} x ${imageSize} x ${channels}`,
      String(outputs),
      count(counted.parameters),
      count(counted.multiplyAdds),
      `[${publication.citation}](${publication.url})`,
      `${recipe.epochs} epochs, batch ${recipe.batch}, rate ${recipe.learningRate}`,
    ]);
    expect(tableIn('docs/networks.md', 'network')).toEqual(rows);
  });

  it('lists them for people in a table, with multiply-adds in millions', () => {
    const [header, , ...rows] = printed.stdout.trimEnd().split('\n').map(cellsOf);
    expect(header).toEqual(['network', 'input', 'parameters', 'multiply-adds', 'paper']);
    expect(rows).toContainEqual(['resnet-20', '32 x 32 x 3', '269,722', '40.6 M', 'He et al. 2015, section 4.2']);
    expect(rows).toContainEqual([
      ...['inception-v3', '299 x 299 x 3', '23,817,352', '5,713.2 M', 'Szegedy et al. 2016, table 1'],
    ]);
    expect(rows).toHaveLength(tableIn('docs/networks.md', 'network').length);
  });

  it('shows layers, totals and memory, and draws the picture that the page shows', async () => {
    const file = join(directory, 'resnet-20.svg');
    const { code, stdout } = await runCli(['networks', 'show', 'resnet-20', '--batch', '128', '--svg', file]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ *block1\/unit1\/conv1 +conv 3 x 3, batch norm, relu +32 x 32 x 16 +2,336 +2,359,296$/mu);
    expect(stdout).toContain('269,722 parameters');
    expect(stdout).toMatch(/^ *40,551,040 multiply-adds \(81,102,080 FLOPs\) a picture$/mu);
    expect(stdout).toMatch(/memory at 128 pictures.*\n.*\n *training .* 198 MB\n *inference /u);
    expect(readPage('docs/networks.md')).toContain('(images/resnet-20.svg)');
    expect(await readFile(file, 'utf8')).toBe(await readFile(join(ROOT, 'docs/images/resnet-20.svg'), 'utf8'));
  });

  it('counts for other pictures and outputs when asked', async () => {
    const sizes = ['--image-size', '64', '--outputs', '11'];
    const ended = await runCli(['networks', 'show', 'lenet', ...sizes, '--json']);
    expect(ended.json()).toMatchObject({ imageSize: 64, outputs: 11, layers: expect.any(Array) as unknown[] });
    const multiplyAdds = 64 * 64 * 16 * 25 + 32 * 32 * 32 * (25 * 16) + 16 * 16 * 32 * 128 + 128 * 11;
    expect(ended.json()).toMatchObject({
      parameters: 26 * 16 + 401 * 32 + (16 * 16 * 32 + 1) * 128 + 129 * 11,
      ...{ multiplyAdds, flops: 2 * multiplyAdds },
    });
  });

  it.each([
    ['a network that there is not', ['show', 'resnet-49'], /NETWORK_UNKNOWN.*resnet-49/u],
    ['no name', ['show'], /CONFIG_INVALID.*networks ls/u],
    ['two names', ['show', 'lenet', 'alexnet'], /CONFIG_INVALID.*one name/u],
    ['pictures that are too small', ['show', 'alexnet', '--image-size', '8'], /GRAPH_INVALID/u],
    ['a file that cannot be written', ['show', 'lenet', '--svg', '/nowhere/x.svg'], /FILE_NOT_FOUND.*svg/u],
  ])('refuses %s', async (_what, args, complaint) => {
    const { code, stderr } = await runCli(['networks', ...args]);
    expect(code).toBe(1);
    expect(stderr).toMatch(complaint);
  });
});
