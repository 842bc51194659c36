import { setTimeout } from 'node:timers/promises';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { firstCode, leave, whoLeft } from './application.mjs';
import { place } from './placement.mjs';
import { readSegments } from './segments.mjs';

const read = (line: string) => readSegments(line.split(' '));
const SEATS = [1, 2, 3, 4].map((n) => ({ host: `nid0000${n}`, cores: 16 }));
const placed = (line: string) => place(read(line).segments, SEATS);

describe('what a user asks of aprun', () => {
  it('is one program, or several between colons', () => {
    const { segments, environment } = read(
      '-b -n 1 -N1 -d 32 -cc none -e A=b=c ps --port 1 : -n 3 -N 1 -L 2-3,7 -- -worker -n 9',
    );
    expect(environment).toEqual({ A: 'b=c' });
    expect(segments).toEqual([
      { pes: 1, perNode: 1, depth: 32, command: ['ps', '--port', '1'] },
      { pes: 3, perNode: 1, depth: 1, hosts: ['nid00002', 'nid00003', 'nid00007'], command: ['-worker', '-n', '9'] },
    ]);
  });

  it.each([
    ['-n four x', '-n takes a count, not four'],
    ['-n 0 x', '-n takes a count, not 0'],
    ['-n 4', 'no program is given'],
    ['-n 4 x :', 'no program after the last colon'],
    ['-z x', 'option -z is not known here'],
    ['-L nid1 x', '-L takes numbers of nodes, not nid1'],
    ['-L 3-2 x', '-L takes numbers of nodes, not 3-2'],
    ['-e 1=2 x', '-e takes NAME=VALUE, not 1=2'],
  ])('is refused where it is not understood: %s', (line, sentence) => {
    expect(() => read(line)).toThrow(sentence);
  });
});

describe('the processes of an application', () => {
  it('fill one node after the other, each segment from a node of its own', () => {
    expect(placed('-n 3 -N 2 a : -n 1 b')).toEqual([['nid00001', 'nid00001', 'nid00002'], ['nid00003']]);
    expect(placed('-n 20 a')[0]).toEqual([...Array<string>(16).fill('nid00001'), ...Array<string>(4).fill('nid00002')]);
    expect(placed('-n 4 -d 8 a')).toEqual([['nid00001', 'nid00001', 'nid00002', 'nid00002']]);
    expect(placed('-n 1 -L 2 a : -n 2 -N 1 b')).toEqual([['nid00002'], ['nid00001', 'nid00003']]);
  });

  it.each([
    ['-n 5 -N 1 a', "claim exceeds reservation's node-count: 5 of a"],
    ['-n 3 -N 1 a : -n 2 -N 1 b', "claim exceeds reservation's node-count: 2 of b"],
    ['-n 1 -d 17 a', "claim exceeds reservation's CPUs: 1 x 17 on nid00001, which has 16"],
    ['-n 1 -L 2 a : -n 1 -L 2 b', 'nid00002 would run two executables'],
    ['-n 1 -L 9 a', 'nid00009 is not a node of this job'],
  ])('are refused where a Cray would: %s', (line, sentence) => {
    expect(() => placed(line)).toThrow(sentence);
  });

  it('leave word of MPI_Init and of how they ended, and the first that failed gives the code', async () => {
    const folder = await temporaryDirectory();
    expect(firstCode(folder)).toBeUndefined();
    leave(folder, 'init', 12);
    leave(folder, 'end', 3, 76);
    await setTimeout(2);
    leave(folder, 'end', 1, 137);
    expect(whoLeft(folder, 'init')).toEqual([12]);
    expect(firstCode(folder)).toBe(76);
  });
});
