import { CodedError } from '@bluewaters/errors';
import { Steer, type SteerRequest } from '@bluewaters/messages';
import { request } from 'node:http';
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RankOverview } from './overview-source.js';
import type { Overview, RunDetail } from './overview.js';
import { coordinatedRun, figuresAt, PageRig } from './page.fixture.js';

interface Refusal {
  readonly error: string;
  readonly code: string;
}

describe('the server of the page', () => {
  let rig: PageRig;
  const orders: SteerRequest[] = [];

  beforeEach(async () => {
    orders.length = 0;
    rig = await new PageRig().start();
    rig.watched.know(coordinatedRun());
    await rig.bus.serve(Steer, async (order) => {
      if (order.order === 'resume') throw new CodedError('ORDER_REFUSED', 'The run is not paused');
      orders.push(order);
      return coordinatedRun({ phase: 'ending', order: 'stop' });
    });
  });
  afterEach(() => rig.stop());

  const steer = (order: unknown, headers: Record<string, string> = {}) =>
    rig.ask<Refusal>('/api/runs/digits/steer', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(order),
    });

  /** The status of an answer to a request under a name; fetch would not send another one. */
  const statusFor = (host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request(`${rig.address}/api/overview`, { headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });

  it('answers with everything at once, with one run, and with some of its ranks', async () => {
    const { body } = await rig.ask<Overview>('/api/overview');
    expect(body.runs.map(({ run }) => run)).toEqual(['digits']);
    expect((await rig.ask<RunDetail>('/api/runs/digits')).body.ranks?.squares.length).toBe(4);
    const { body: some } = await rig.ask<{ ranks: RankOverview[] }>('/api/runs/digits/ranks?from=1&count=2');
    expect(some.ranks.map(({ rank, host, state }) => [rank, host, state])).toEqual([
      [1, 'nid00002', 'fresh'],
      [2, 'nid00001', 'fresh'],
    ]);
  });

  it.each(['from=-1', 'from=1.5', 'count=0', 'count=1025', 'count=all', 'from=1&from=2', `from=${'9'.repeat(30)}`])(
    'refuses to list ranks by %s',
    async (query) => {
      const { status, body } = await rig.ask<Refusal>(`/api/runs/digits/ranks?${query}`);
      expect([status, body.code]).toEqual([400, 'REQUEST_INVALID']);
    },
  );

  it('lists 1,024 ranks of 65,536 at once', async () => {
    rig.watched.know(coordinatedRun({ ranks: 65_536, arrived: 65_536 }));
    const { body } = await rig.ask<{ ranks: RankOverview[] }>('/api/runs/digits/ranks?from=65000');
    expect(body.ranks.length).toBe(536);
    expect((await rig.ask<{ ranks: RankOverview[] }>('/api/runs/digits/ranks')).body.ranks.length).toBe(1024);
  });

  it.each(['nobody', '..%2Fdigits', 'A B'])('knows no run %s', async (name) => {
    const { status, body } = await rig.ask<Refusal>(`/api/runs/${encodeURI(name)}`);
    expect([status, body.code]).toEqual([404, 'RUN_UNKNOWN']);
  });

  it('hands orders on to the coordinator, and its refusals back', async () => {
    expect((await steer({ order: 'scale', ranks: 8 })).status).toBe(200);
    expect(orders).toEqual([{ run: 'digits', order: 'scale', ranks: 8 }]);
    expect(await steer({ order: 'resume' })).toEqual({
      status: 409,
      body: { error: 'The run is not paused', code: 'ORDER_REFUSED' },
    });
  });

  it.each([
    ['another site', { order: 'stop' }, { 'Sec-Fetch-Site': 'cross-site' }],
    ['another port of this host', { order: 'stop' }, { 'Sec-Fetch-Site': 'same-site' }],
    ['another origin', { order: 'stop' }, { Origin: 'http://elsewhere.example' }],
    ['a file', { order: 'stop' }, { Origin: 'null' }],
    ['a form', { order: 'stop' }, { 'Content-Type': 'text/plain' }],
    ['whoever asks for what is no order', { order: 'dance' }, {}],
    ['whoever asks for no ranks', { order: 'scale', ranks: 0 }, {}],
    ['whoever names another run', { run: 'birds', order: 'stop', more: 1 }, {}],
    ['whoever sends a list', ['stop'], {}],
  ])('takes no order from %s', async (_whom, order, headers) => {
    const { status, body } = await steer(order, headers);
    expect([status, body.code]).toEqual([400, 'REQUEST_INVALID']);
    expect(orders).toEqual([]);
  });

  it('takes an order of its own page', async () => {
    expect((await steer({ order: 'stop' }, { Origin: rig.address, 'Sec-Fetch-Site': 'same-origin' })).status).toBe(200);
  });

  it('takes no long order', async () => {
    const { status, body } = await steer({ order: 'stop', more: 'x'.repeat(5000) });
    expect([status, body.code]).toEqual([413, 'REQUEST_TOO_LARGE']);
  });

  it('answers under names of this machine alone, so that no name elsewhere can be made to point here', async () => {
    for (const host of ['localhost', '127.0.0.1:8502', '[::1]:1', hostname()]) {
      expect([host, await statusFor(host)]).toEqual([host, 200]);
    }
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      `${hostname()}.evil.example`,
    ]) {
      expect([host, await statusFor(host)]).toEqual([host, 400]);
    }
  });

  it('lets the page load nothing but its own files', async () => {
    const response = await fetch(rig.address);
    expect(response.headers.get('content-type')).toContain('text/html');
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
  });

  it('tells a listener the newest at once, and then changes alone', async () => {
    const listener = await Listener.open(rig.address);
    expect((await listener.next()).runs[0]?.coordinated?.figures?.step).toBe(120);
    rig.watched.know(coordinatedRun({ figures: figuresAt(130) }));
    expect((await listener.next()).runs[0]?.coordinated?.figures?.step).toBe(130);
    rig.watched.know(coordinatedRun({ figures: figuresAt(130) }));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    rig.watched.know(coordinatedRun({ figures: figuresAt(140) }));
    // What did not change in between was not told.
    expect((await listener.next()).runs[0]?.coordinated?.figures?.step).toBe(140);
    await listener.leave();
  });

  it('has room for 100 listeners, and again when one has left', async () => {
    const listeners = await Promise.all(Array.from({ length: 100 }, () => Listener.open(rig.address)));
    const refused = await rig.ask<Refusal>('/api/live');
    expect([refused.status, refused.body.code]).toEqual([503, 'OVERLOADED']);
    await listeners.pop()?.leave();
    await expect.poll(async () => (await Listener.open(rig.address).catch(() => undefined)) !== undefined).toBe(true);
  });

  it('ends the connections of listeners when it stops', async () => {
    const listener = await Listener.open(rig.address);
    await listener.next();
    await rig.stopPage();
    await expect(listener.next()).rejects.toThrow('The stream has ended');
  });
});

/** A page that hears server-sent events. */
class Listener {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = '';

  private constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async open(address: string): Promise<Listener> {
    const { ok, body } = await fetch(`${address}/api/live`);
    if (!ok || !body) throw new Error('There is no stream');
    return new Listener(body);
  }

  /** The next overview. */
  async next(): Promise<Overview> {
    for (;;) {
      const [, line] = /event: overview\ndata: (.*)\n\n/u.exec(this.#text) ?? [];
      if (line !== undefined) {
        this.#text = this.#text.slice(this.#text.indexOf(line) + line.length);
        return JSON.parse(line) as Overview;
      }
      const { done, value } = await this.#reader.read();
      if (done) throw new Error('The stream has ended');
      this.#text += value;
    }
  }

  leave(): Promise<void> {
    return this.#reader.cancel();
  }
}
