import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isCodedError } from '@bluewaters/errors';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type * as nativeModule from './native.js';
import {
  add,
  dataset,
  defineFunction,
  gradients,
  Graph,
  initializers,
  liveHandles,
  loadSavedModel,
  matMul,
  mul,
  relu,
  saver,
  Session,
  sum,
  Tensor,
  variable,
  writeSavedModel,
} from './index.js';

/**
 * A native library in which the nth call that reports through a status fails: it does nothing, gives nothing, and its
 * status says so. Real faults (no memory, a broken disk at the worst moment) cannot be had at every call.
 */
const faults = vi.hoisted(() => {
  const failed = new Set<unknown>();
  const state = { failAt: 0, calls: 0, name: '' };
  const isFailing = (name: string) => {
    state.calls += 1;
    if (state.calls === state.failAt) state.name = name;
    return state.calls === state.failAt;
  };
  return { failed, state, isFailing };
});

vi.mock('./native.js', async (importOriginal) => {
  const original = await importOriginal<typeof nativeModule>();
  const { DECLARATIONS } = await import('./declarations.js');
  type AnyCall = ((...parameters: unknown[]) => unknown) & { async: (...parameters: unknown[]) => void };
  const wrap = (name: string, declaration: string, real: AnyCall): AnyCall => {
    const parameters = /\((.*)\)/.exec(declaration)![1]!.split(', ');
    const status = parameters.indexOf('void *status');
    const call = (...given: unknown[]) => {
      if (!faults.isFailing(name)) return real(...given);
      faults.failed.add(given[status]);
      return declaration.startsWith('void *') ? null : declaration.startsWith('const char') ? '' : 0;
    };
    const async = (...given: unknown[]) => {
      if (!faults.isFailing(name)) return real.async(...given);
      faults.failed.add(given[status]);
      setImmediate(given.at(-1) as (...results: unknown[]) => void, null, null);
    };
    return Object.assign(call, { async });
  };
  const REPORTING: Record<string, (real: AnyCall) => AnyCall> = {
    TF_GetCode: (real) => ((status) => (faults.failed.has(status) ? 13 : real(status))) as AnyCall,
    TF_Message: (real) => ((status) => (faults.failed.has(status) ? 'a fault' : real(status))) as AnyCall,
    TF_DeleteStatus: (real) => ((status) => faults.failed.delete(status) || real(status)) as AnyCall,
  };
  const wrapped: Record<string, AnyCall> = {};
  const library = new Proxy({} as Record<string, AnyCall>, {
    get: (_, name: string) => {
      const real = (original.native() as unknown as Record<string, AnyCall>)[name]!;
      const declaration: string = DECLARATIONS[name as keyof typeof DECLARATIONS];
      const reports = /, void \*status/.test(declaration);
      return (wrapped[name] ??= REPORTING[name]?.(real) ?? (reports ? wrap(name, declaration, real) : real));
    },
  });
  return { ...original, native: () => library };
});

/** Failures that nobody is told of, for there is nothing left to do: the session is going away anyway. */
const SILENT = ['TF_DeleteSession', 'TF_CloseSession'];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'faults-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the scenario again and again, each time with the next call failing, until none fails any more. */
async function failEachCall(scenario: () => Promise<void>): Promise<number> {
  await scenario();
  const before = liveHandles();
  for (let failAt = 1; ; failAt += 1) {
    Object.assign(faults.state, { failAt, calls: 0, name: '' });
    const error = await scenario().catch((thrown: unknown) => thrown);
    const { name } = faults.state;
    faults.state.failAt = 0;
    expect({ failAt, name, handles: liveHandles() }).toEqual({ failAt, name, handles: before });
    if (name === '') return failAt - 1;
    const told = isCodedError(error) || SILENT.includes(name);
    expect(told, `${name}, call ${failAt}, ended with ${String(error)}`).toBe(true);
  }
}

/** A variable and its doubled product with a fed matrix. */
function smallGraph(graph: Graph) {
  const scope = graph.scope();
  const x = scope.placeholder('float32', [null, 2], { name: 'x' });
  const w = variable(scope, 'w', { dtype: 'float32', shape: [2, 1], initializer: initializers.zeros() });
  return { scope, x, w, y: mul(scope, matMul(scope, x, w.value), 2) };
}

describe(
  'when any one call of TensorFlow fails, an error says so and nothing stays behind',
  { timeout: 120_000 },
  () => {
    it('while a graph with gradients is built, written down and read', async () => {
      const calls = await failEachCall(async () => {
        using graph = new Graph();
        const { scope, y, w } = smallGraph(graph);
        gradients(scope, [sum(scope, relu(scope, y))], [w.value]);
        void y.shape;
        y.operation.toNodeDef();
        using copy = new Graph();
        copy.importGraphDef(graph.toGraphDef(), { prefix: 'copy' });
      });
      expect(calls).toBeGreaterThan(20);
    });

    it('while functions and datasets are built', async () => {
      const calls = await failEachCall(async () => {
        using graph = new Graph();
        const scope = graph.scope();
        using twice = defineFunction('twice', [{ dtype: 'float32', shape: [] }], (inner, [x]) => [add(inner, x!, x!)]);
        graph.copyFunction(twice);
        const numbers = dataset.map(scope, dataset.range(scope, 0, 3), (inner, [i]) => [add(inner, i!, 1)]);
        dataset.iterator(scope, dataset.batch(scope, numbers, { size: 2 }));
      });
      expect(calls).toBeGreaterThan(30);
    });

    it('while sessions run, are traced and tell their devices', async () => {
      using graph = new Graph();
      const { x, w, y } = smallGraph(graph);
      const calls = await failEachCall(async () => {
        using session = new Session(graph);
        session.listDevices();
        await session.run({ targets: [w.initializer] });
        using fed = Tensor.of('float32', [1, 2], [1, 2]);
        const request = { feeds: [[x, fed]], fetches: [y, w.value] } as const;
        const { tensors } = await session.trace(request);
        for (const tensor of tensors) tensor[Symbol.dispose]();
        for (const tensor of await session.run(request, { timeoutMs: 10_000 })) tensor[Symbol.dispose]();
        using text = Tensor.of('string', [2], ['a', 'b']);
        text.strings();
      });
      expect(calls).toBeGreaterThan(8);
    });

    it('while variables are saved and restored', async () => {
      using graph = new Graph();
      const { scope, w } = smallGraph(graph);
      const keeper = saver(scope, [w]);
      const calls = await failEachCall(async () => {
        using session = new Session(graph);
        await session.run({ targets: [w.initializer] });
        await keeper.save(session, join(folder, 'model.ckpt'));
        await keeper.restore(session, join(folder, 'model.ckpt'));
      });
      expect(calls).toBeGreaterThan(5);
    });

    it('while a SavedModel is written', async () => {
      using graph = new Graph();
      const { x, w, y } = smallGraph(graph);
      using session = new Session(graph);
      await session.run({ targets: [w.initializer] });
      const signatures = { serving_default: { inputs: { x }, outputs: { y } } };
      let written = 0;
      const calls = await failEachCall(async () => {
        written += 1;
        await writeSavedModel(join(folder, `written-${written}`), { graph, session, signatures, variables: [w] });
      });
      expect(calls).toBeGreaterThan(20);
    });

    it('while a SavedModel is loaded', async () => {
      using graph = new Graph();
      const { x, w, y } = smallGraph(graph);
      using session = new Session(graph);
      await session.run({ targets: [w.initializer] });
      const signatures = { serving_default: { inputs: { x }, outputs: { y } } };
      await writeSavedModel(join(folder, 'model'), { graph, session, signatures, variables: [w] });
      const calls = await failEachCall(async () => {
        using loaded = await loadSavedModel(join(folder, 'model'));
        void loaded.signatures['serving_default']!.outputs['y']!.shape;
      });
      expect(calls).toBeGreaterThan(2);
    });
  },
);
