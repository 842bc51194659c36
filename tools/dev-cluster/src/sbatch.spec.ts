import { describe, expect, it } from 'vitest';
import { readOptions, readRequest } from './request.mjs';
import { sbatchArguments, slurmNumber, wrap } from './sbatch.mjs';
import { seat } from './seats.mjs';

const requestOf = (...words: string[]) => readRequest({}, readOptions(words).options, 'job.pbs');
const sbatch = (...words: string[]) => sbatchArguments(requestOf(...words), '/home/me');

describe('a PBS job for Slurm', () => {
  it('asks for whole nodes of each kind', () => {
    expect(sbatch('-l', 'nodes=1:ppn=32:xe+3:ppn=16:xk')).toEqual(
      expect.arrayContaining(['--exclusive', '--nodes=4', '--ntasks=4', '--constraint=[xe*1&xk*3]']),
    );
    expect(sbatch('-l', 'nodes=3:xk')).toContain('--constraint=xk');
    expect(sbatch('-l', 'nodes=3').join()).not.toContain('constraint');
    expect(() => sbatch('-l', 'nodes=1:xe:big+1:xk')).toThrow('one feature each');
  });

  it('outlives its nodes, since its script runs on none of them', () => {
    expect(sbatch('-l', 'nodes=2')).toContain('--no-kill');
  });

  it('is deleted when what it waits for fails, and may be put back into the queue', () => {
    const args = sbatch('-W', 'depend=afterok:3.bw');
    expect(args).toEqual(expect.arrayContaining(['--dependency=afterok:3', '--kill-on-invalid-dep=yes', '--requeue']));
    expect(sbatch('-r', 'n')).toContain('--no-requeue');
  });

  it('has minutes, at least the walltime', () => {
    expect(sbatch('-l', 'walltime=00:01:01')).toContain('--time=2');
    expect(sbatch('-l', 'walltime=5')).toContain('--time=1');
  });

  it('writes where PBS would', () => {
    expect(sbatch('-N', 'a')).toEqual(expect.arrayContaining(['--output=/home/me/a.o%j', '--error=/home/me/a.e%j']));
    expect(sbatch('-j', 'oe', '-o', 'login:logs/$PBS_JOBID')).toContain('--output=/home/me/logs/%j.bw');
    expect(sbatch('-o', '/logs/', '-N', 'a')).toContain('--output=/logs/a.o%j');
  });

  it('takes along the variables that were named, all with -V', () => {
    expect(sbatch('-v', 'DATASET=fish').find((arg) => arg.startsWith('--export='))).toMatch(/,PATH,.*,DATASET$/u);
    expect(sbatch('-V')).toContain('--export=ALL');
  });

  it('runs in the shell that it names', () => {
    expect(wrap('#!/bin/zsh -f\necho', requestOf(), 'x.mjs')).toMatch(/\nexec \/bin\/zsh -f "\$__PBS_SCRIPT"\n$/u);
    expect(wrap('echo', requestOf('-S', '/bin/sh'), 'x.mjs')).toMatch(/\nexec \/bin\/sh /u);
  });

  it('is known by its number', () => {
    expect(slurmNumber('12.bw')).toBe('12');
    expect(() => slurmNumber('all')).toThrow('unknown job all');
  });
});

describe('the nodes of a job', () => {
  const hosts = ['nid00001 xe', 'nid00002 xk', 'nid00003 xk'].map((line) => {
    const [host = '', feature = ''] = line.split(' ');
    return { host, features: [feature] };
  });

  it('come in the order in which they were asked for', () => {
    const [xk, xe] = [
      { count: 2, cores: 16, features: ['xk'] },
      { count: 1, cores: 32, features: ['xe'] },
    ] as const;
    expect(seat([xk, xe], hosts).map(({ host, cores }) => `${host} ${cores}`)).toEqual([
      ...['nid00002 16', 'nid00003 16', 'nid00001 32'],
    ]);
    expect(() => seat([xe, xe], hosts)).toThrow('no node is left with xe');
  });
});
