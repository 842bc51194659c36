import { describe, expect, it } from 'vitest';
import { findMachine } from '../machines/find-machine.js';
import { planJobs } from './chain.js';
import type { SubmitValues } from './options.js';

const ARCHIVE = { dryRun: false, images: '/mnt/b/x/Images.tar', synsets: '/mnt/b/x/synsets.txt' };

async function refusal(machine: string, values: Partial<SubmitValues>): Promise<unknown> {
  const found = await findMachine(machine);
  try {
    return planJobs(found, { ...ARCHIVE, machine, ...values }, '/home');
  } catch (error) {
    return error;
  }
}

describe('jobs', () => {
  it.each([
    ['bluewaters', { nodes: 4_229 }, { field: 'nodes', expected: 'at most 4228', got: '4229' }],
    [
      'bluewaters',
      { nodes: 7_001, nodeType: 'xe', queue: 'debug', walltime: '00:30:00' },
      { field: 'nodes', expected: 'at most 7000', got: '7001' },
    ],
    [
      'bluewaters',
      { walltime: '168:00:01' },
      { field: 'walltime', expected: 'at most 168:00:00 in the queue normal', got: '168:00:01' },
    ],
    [
      'bluewaters',
      { walltime: '1 day' },
      { field: 'walltime', expected: 'hours:minutes:seconds, as in 12:00:00', got: '1 day' },
    ],
    ['bluewaters', { queue: 'low' }, { field: 'queue', expected: 'normal or high or debug', got: 'low' }],
    ['bluewaters', { nodeType: 'a100' }, { field: 'nodeType', expected: 'xk or xe', got: 'a100' }],
    ['bluewaters', { batch: 30 }, { field: 'batch', expected: 'a multiple of 4, the nodes', got: '30' }],
    [
      'bluewaters',
      { image: 'bw:1', words: '/u/x/words.txt' },
      {
        field: 'words',
        expected: 'a path below /mnt/a or /mnt/b or /mnt/c or /sw, which the image sees',
        got: '/u/x/words.txt',
      },
    ],
    ['delta', { account: 'b', queue: 'cpu' }, { field: 'nodeType', expected: 'cpu in the queue cpu', got: 'a100' }],
    ['delta', {}, { field: 'account', expected: 'the account that pays', got: 'none' }],
    ['deltaai', { account: 'b' }, { field: 'nodeType', expected: 'nodes of x86_64', got: 'nodes of aarch64' }],
    ['local', { image: 'bw:1' }, { field: 'image', expected: 'none: no runtime is known there', got: 'bw:1' }],
    ['local', { queue: 'normal' }, { field: 'queue', expected: 'nothing, without a batch system', got: 'normal' }],
    ['local', { nodes: 2 }, { field: 'nodes', expected: 'at most 1', got: '2' }],
  ])('for %s with %j are refused by the name of what cannot work there', async (machine, values, details) => {
    expect(await refusal(machine, values)).toMatchObject({ code: 'CONFIG_INVALID', details });
  });

  it.each([
    ['bluewaters', { nodes: 4_228, walltime: '168:00:00', image: 'bw:1', batch: 8_456 }],
    ['delta', { account: 'b', nodes: 100, walltime: '48:00:00' }],
    ['local', { batch: 7 }],
  ])('for %s with %j are planned up to what it allows', async (machine, values) => {
    expect(await refusal(machine, values)).toHaveLength(3);
  });
});
