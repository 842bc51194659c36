import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENVIRONMENTS } from './environments.fixture.js';
import { isOneHost, placeInWorld, ranksOfJob } from './world.js';

describe('the world that the environment tells of', () => {
  let directory: string;
  let nodeFile: string;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    nodeFile = join(directory, 'nodefile');
    await writeFile(nodeFile, '12\n12\n15\n15\n');
  });
  afterAll(() => rm(directory, { recursive: true }));

  it.each(ENVIRONMENTS)('is found from $name', ({ environment, place }) => {
    expect(placeInWorld(environment)).toEqual(place);
  });

  it('has under aprun the size that PBS or a flag says', () => {
    const environment = { ALPS_APP_PE: '3', PBS_NODEFILE: nodeFile };
    // One rank on each of its two nodes.
    expect(placeInWorld({ ...environment, ALPS_APP_PE: '1' })).toEqual({ launcher: 'alps', rank: 1, size: 2 });
    expect(placeInWorld(environment, { worldSize: 6 })).toEqual({ launcher: 'alps', rank: 3, size: 6 });
  });

  it('is not there for a process that was started alone, nor for a batch script', () => {
    expect(placeInWorld({})).toBeUndefined();
    expect(placeInWorld({ SLURM_PROCID: '0', SLURM_NTASKS: '4', PBS_NODEFILE: nodeFile })).toBeUndefined();
  });

  it('names a variable that holds no count', () => {
    expect(() => placeInWorld({ PMI_RANK: 'first', PMI_SIZE: '2' })).toThrow(/PMI_RANK.*a count.*first/u);
  });
});

describe('ranks that are all on one host', () => {
  it.each([
    ['mpiexec of MPICH', { PMI_SIZE: '2', MPI_LOCALNRANKS: '2' }, { MPI_LOCALNRANKS: '1' }],
    [
      'mpiexec of Open MPI',
      { OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_LOCAL_SIZE: '4' },
      { OMPI_COMM_WORLD_SIZE: '8' },
    ],
    ['srun', { SLURM_STEP_NUM_TASKS: '4', SLURM_STEP_NUM_NODES: '1' }, { SLURM_STEP_NUM_NODES: '2' }],
    ['srun with PMI 2', { PMI_SIZE: '4', SLURM_STEP_NUM_NODES: '1' }, { SLURM_STEP_NUM_NODES: '4' }],
  ])('are known from what %s says, and those of several are not taken for them', (_, one, several) => {
    expect(isOneHost(one)).toBe(true);
    expect(isOneHost({ ...one, ...several })).toBe(false);
  });

  it('are not guessed from a launcher that does not say', () => {
    expect(isOneHost({ ALPS_APP_PE: '7' })).toBe(false);
    expect(isOneHost({ PMI_RANK: '1', PMI_SIZE: '2' })).toBe(false);
  });
});

describe('the room of a batch job', () => {
  it('is one rank a node, or its tasks', async () => {
    const directory = await temporaryDirectory();
    const nodeFile = join(directory, 'nodefile');
    await writeFile(nodeFile, '12\n12\n15\n');
    expect(ranksOfJob({ PBS_NODEFILE: nodeFile })).toBe(2);
    expect(ranksOfJob({ SLURM_NTASKS: '8' })).toBe(8);
    expect(ranksOfJob({})).toBeUndefined();
    expect(() => ranksOfJob({ PBS_NODEFILE: join(directory, 'gone') })).toThrow(/PBS_NODEFILE/u);
    await rm(directory, { recursive: true });
  });
});
