import { expect, it } from 'vitest';
import { chromeTrace, conv2d, Graph, liveHandles, Session, sum, Tensor } from './index.js';

interface Event {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly args: { readonly name: string; readonly outputs: readonly string[]; readonly bytes: number };
}

/** The events of a trace of a convolution over two steps. */
async function tracedConvolution(): Promise<Event[]> {
  using graph = new Graph();
  const scope = graph.scope();
  const images = scope.placeholder('float32', [null, 16, 16, 3]);
  const filter = scope.placeholder('float32', [3, 3, 3, 8]);
  const convolved = conv2d(scope.child('layer'), images, filter);
  using session = new Session(graph);
  using shown = Tensor.of('float32', [4, 16, 16, 3], new Float32Array(4 * 16 * 16 * 3));
  using weights = Tensor.of('float32', [3, 3, 3, 8], new Float32Array(216));
  const step = session.prepare({ feeds: [images, filter], fetches: [sum(scope, convolved)] });
  const steps = [];
  for (const name of ['step 1', 'step 2']) {
    const { tensors, metadata } = await step.trace([shown, weights]);
    tensors[0]![Symbol.dispose]();
    steps.push({ name, metadata });
  }
  return (JSON.parse(chromeTrace(steps)) as { traceEvents: Event[] }).traceEvents;
}

it('a trace shows each operation of each step on its device, with its time and outputs, and the memory', async () => {
  const before = liveHandles();
  const events = await tracedConvolution();
  const spans = events.filter(({ ph }) => ph === 'X');
  const convolutions = spans.filter(({ name }) => name.endsWith('Conv2D'));
  expect(convolutions).toHaveLength(2);
  for (const { args, dur } of convolutions) {
    expect(args).toMatchObject({ name: 'layer/Conv2D', outputs: ['float32[4,16,16,8]'] });
    expect(dur).toBeGreaterThan(0);
  }
  const processes = events.filter(({ name }) => name === 'process_name').map(({ args }) => args.name);
  expect(processes).toEqual(['steps', expect.stringMatching(/CPU:0$/)]);
  expect(spans.filter(({ pid }) => pid === 0).map(({ name }) => name)).toEqual(['step 1', 'step 2']);
  expect(events.some(({ ph, args }) => ph === 'C' && args.bytes >= 4 * 16 * 16 * 8 * 4)).toBe(true);
  expect(liveHandles()).toEqual(before);
});

it('spans of a row do not overlap', async () => {
  const spans = (await tracedConvolution()).filter(({ ph }) => ph === 'X');
  for (const span of spans) {
    const others = spans.filter(({ pid, tid, ts }) => pid === span.pid && tid === span.tid && ts > span.ts);
    expect(others.every(({ ts }) => ts >= span.ts + span.dur)).toBe(true);
  }
});
