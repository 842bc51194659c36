import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { itKeepsWhatRanksPromise, onAll, runOverGrpc } from '../ranks.fixture.js';
import { GrpcCommunicator } from './grpc-communicator.js';
import { findAddress, leaveAddress } from './meeting.js';

describe('ranks over gRPC', { timeout: 120_000 }, () => {
  itKeepsWhatRanksPromise(runOverGrpc);

  it.each([
    ['0', 'KILL', 'there is no connection any more with rank 0 on '],
    ['0', 'STOP', 'no sign of life for 4 s from rank 0 on '],
  ])('end with a code of their own, naming it, when rank %s is lost by %s', async (lost, how, words) => {
    const { found, stderr, exitCodes } = await runOverGrpc(3, 'lose', how, lost);
    expect(stderr.split(`ends this generation: ${words}`)).toHaveLength(3);
    expect(exitCodes.toSpliced(Number(lost), 1)).toEqual([76, 76]);
    expect(found).toEqual({});
  });

  it.each(['KILL', 'STOP'])('end when they wait within a graph for one that is lost by %s', async (how) => {
    const { found, stderr, exitCodes } = await runOverGrpc(2, 'lose-in-graph', how);
    expect(stderr).toMatch(/ends this generation: [^\n]* rank 1 on /u);
    expect(exitCodes[0]).toBe(76);
    expect(found).toEqual({});
  });

  it('end with the exit code of the one that failed', async () => {
    expect((await runOverGrpc(3, 'end', '5')).exitCodes).toEqual([5, 5, 5]);
  });
});

describe('ranks that meet in a folder', { timeout: 60_000 }, () => {
  let rendezvous: string;
  beforeEach(async () => (rendezvous = await mkdtemp(join(tmpdir(), 'ranks-'))));
  afterEach(() => rm(rendezvous, { recursive: true }));

  const open = (rank: number, size: number, start = 10): Promise<GrpcCommunicator> =>
    GrpcCommunicator.open({ rank, size, rendezvous }, { start });

  it('find rank 0 whoever comes first, where the address of an earlier one lies', async () => {
    await leaveAddress(rendezvous, { host: 'gone', port: 1, token: 'old' });
    const others = [2, 1].map((rank) => open(rank, 3));
    const ranks = await Promise.all([open(0, 3), ...others]);
    expect(await Promise.all(ranks.map((rank) => rank.gather(rank.rank)))).toEqual(Object.values(onAll(3, [0, 1, 2])));
    await Promise.all(ranks.map((rank) => rank.close()));
  });

  it('are not disturbed by a stranger who finds the port', async () => {
    const first = open(0, 2);
    while (!(await findAddress(rendezvous))) await new Promise((resolve) => setTimeout(resolve, 10));
    const { port = 0 } = (await findAddress(rendezvous)) ?? {};
    const stranger = connect(port, '127.0.0.1');
    const cutOff = new Promise((resolve) => stranger.once('close', resolve));
    stranger.write('{"kind":"join","token":"guessed","rank":1,"size":2,"member":{"host":"h","port":1}}\n');
    stranger.on('error', () => undefined);
    await cutOff;
    const ranks = await Promise.all([first, open(1, 2)]);
    expect(await Promise.all(ranks.map((rank) => rank.broadcast('x')))).toEqual(['x', 'x']);
    await Promise.all(ranks.map((rank) => rank.close()));
  });

  it('refuse to reduce by hosts', async () => {
    const alone = await open(0, 1);
    expect(() => alone.graphs.exchange({ route: 'by-hosts' })).toThrow('field route, expected flat, got by-hosts');
    await alone.close();
  });

  it('say who did not come', async () => {
    const [first, second] = await Promise.allSettled([open(0, 3, 1), open(2, 3, 1)]);
    expect(first).toMatchObject({
      reason: { code: 'TIMED_OUT', message: expect.stringContaining('rank 1 did not come within 1 s') },
    });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'TIMED_OUT' } });
  });

  it.each([
    [
      'world size',
      [
        { rank: 0, size: 2 },
        { rank: 1, size: 3 },
      ],
    ],
    [
      'rank',
      [
        { rank: 0, size: 3 },
        { rank: 1, size: 3 },
        { rank: 1, size: 3 },
      ],
    ],
  ])('find out that they were not started together by their %s', async (field, places) => {
    const settled = await Promise.allSettled(places.map(({ rank, size }) => open(rank, size)));
    const differ = { code: 'RANKS_DIFFER', details: { field } };
    expect(settled.map((each) => each.status)).not.toContain('fulfilled');
    expect(settled[0]).toMatchObject({ reason: differ });
  });
});
