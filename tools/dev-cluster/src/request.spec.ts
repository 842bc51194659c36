import { describe, expect, it } from 'vitest';
import { Refusal } from './refusal.mjs';
import { readDirectives, readOptions, readRequest } from './request.mjs';

const SCRIPT = `#!/bin/bash
# a job
#PBS -N training -j oe
#PBS -l nodes=1:ppn=32:xe+3:ppn=16:xk   # a server and its workers
#PBS -l walltime=02:30:00,gres=shifter16
#PBS -v DATASET=fish

echo begins
#PBS -N too_late
`;

const requestOf = (line: string, script = SCRIPT) =>
  readRequest(readDirectives(script), readOptions(line.split(' ').filter(Boolean)).options, 'job.pbs');

describe('what a user asks of qsub', () => {
  it('is read from the script, down to its first command', () => {
    expect(requestOf('')).toMatchObject({
      ...{ name: 'training', join: 'oe', walltime: 9000, gres: ['shifter16'], rerunnable: true },
      nodes: [
        { count: 1, cores: 32, features: ['xe'] },
        { count: 3, cores: 16, features: ['xk'] },
      ],
      variables: { DATASET: 'fish' },
    });
  });

  it('is read from the command line before that, which adds variables', () => {
    const request = requestOf(
      '-N other -l nodes=2 -q debug -r n -h -v A=1,B,C=x,1 -W depend=afterok:12.bw:13.bw,afterany:9',
    );
    expect(request).toMatchObject({
      ...{ name: 'other', queue: 'debug', rerunnable: false, held: true, walltime: 9000 },
      nodes: [{ count: 2, cores: 1, features: [] }],
      variables: { DATASET: 'fish', A: '1', B: undefined, C: 'x,1' },
      dependencies: ['afterok:12:13', 'afterany:9'],
    });
    expect(Object.keys(request.variables)).toEqual(['DATASET', 'A', 'B', 'C']);
  });

  it('ends where the script’s name stands', () => {
    const { options, rest } = readOptions(['-lnodes=1', '-V', 'job.pbs', '-N', 'x']);
    expect(options).toEqual({ l: ['nodes=1'], V: [''] });
    expect(rest).toEqual(['job.pbs', '-N', 'x']);
  });

  it.each([
    ['-x', 'option -x is not known here'],
    ['-N', 'option -N needs a value'],
    ['-l nodes=nid00012', 'nodes=nid00012 is not understood'],
    ['-l nodes=0', 'nodes=0 is not understood'],
    ['-l nodes=2:ppn=two', 'nodes=2:ppn=two is not understood'],
    ['-l mem=2gb', 'resource mem=2gb is not known here'],
    ['-l walltime=2h', 'walltime=2h is not understood'],
    ['-l signal=9', 'signal=9 is not understood'],
    ['-v 2=x', '-v 2=x is not understood'],
    ['-W depend=before:1', '-W depend=before:1 is not known here'],
    ['-W umask=22', '-W umask=22 is not known here'],
  ])('is refused where it is not understood: %s', (line, sentence) => {
    expect(() => requestOf(line)).toThrow(Refusal);
    expect(() => requestOf(line)).toThrow(sentence);
  });
});
