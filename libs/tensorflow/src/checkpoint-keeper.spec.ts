import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CheckpointKeeper,
  Graph,
  initializers,
  liveHandles,
  readCheckpoint,
  readCheckpointState,
  saver,
  Session,
  variable,
  type KeeperOptions,
  type Operation,
} from './index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keeper-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Two variables that every step changes together, in place. */
class Counters implements Disposable {
  readonly graph = new Graph();
  readonly #scope = this.graph.scope();
  readonly #variables = ['a', 'b'].map((name) =>
    variable(this.#scope, name, { dtype: 'float32', shape: [100_000], initializer: initializers.zeros() }),
  );
  readonly #steps: readonly Operation[] = this.#variables.map(({ handle }) =>
    this.#scope.op('AssignAddVariableOp', {
      inputs: [handle, this.#scope.constant(1, { shape: [100_000] })],
      attributes: { dtype: 'float32' },
    }),
  );
  readonly saver = saver(this.#scope, this.#variables);
  readonly session = new Session(this.graph);

  async initialize(): Promise<this> {
    await this.session.run({ targets: this.#variables.map(({ initializer }) => initializer) });
    return this;
  }

  async step(): Promise<void> {
    await this.session.run({ targets: this.#steps });
  }

  [Symbol.dispose](): void {
    this.session[Symbol.dispose]();
    this.graph[Symbol.dispose]();
  }
}

/** The different values in a checkpoint, over both variables. */
async function valuesIn(prefix: string): Promise<number[]> {
  const tensors = [...(await readCheckpoint(prefix)).values()];
  const values = tensors.flatMap((tensor) => [...new Set(tensor.values('float32'))]);
  for (const tensor of tensors) tensor[Symbol.dispose]();
  return [...new Set(values)];
}

const keeperOf = (counters: Counters, options: Partial<KeeperOptions> = {}) =>
  CheckpointKeeper.open({ saver: counters.saver, directory: folder, ...options });

const steps = (checkpoints: readonly string[]) => checkpoints.map((prefix) => Number(prefix.split('-').at(-1)));

describe('CheckpointKeeper', () => {
  it('keeps the newest and those that are marked, over a restart too, and names them all', async () => {
    using counters = await new Counters().initialize();
    const keeper = await keeperOf(counters, { keep: 2 });
    for (const step of [1, 2, 3]) {
      await keeper.save(counters.session, step);
      if (step === 2) await keeper.mark(2);
    }
    const restarted = await keeperOf(counters, { keep: 2 });
    for (const step of [4, 5]) await restarted.save(counters.session, step);
    expect(steps(restarted.checkpoints)).toEqual([2, 4, 5]);
    expect(await readCheckpointState(folder)).toEqual({
      latest: 'model.ckpt-5',
      all: [2, 4, 5].map((step) => `model.ckpt-${step}`),
    });
    const files = [2, 4, 5].flatMap((step) =>
      ['data-00000-of-00001', 'index'].map((end) => `model.ckpt-${step}.${end}`),
    );
    expect(readdirSync(folder).sort()).toEqual(['checkpoint', 'model.ckpt-2.keep', ...files].sort());
  });

  it('writes in the background what the variables were between two steps, while steps go on', async () => {
    using counters = await new Counters().initialize();
    const keeper = await keeperOf(counters);
    const before = liveHandles();
    for (const step of [1, 2, 3]) {
      await counters.step();
      await keeper.saveInBackground(counters.session, step);
      for (let i = 0; i < 10; i++) await counters.step();
    }
    await keeper.settled();
    const values = await Promise.all(keeper.checkpoints.map(valuesIn));
    expect(values).toEqual([[1], [12], [23]]);
    expect(liveHandles()).toEqual(before);
  });

  it('writes the same bytes in the background as at once', async () => {
    using counters = await new Counters().initialize();
    await counters.step();
    const keeper = await keeperOf(counters);
    await keeper.save(counters.session, 1);
    await keeper.saveInBackground(counters.session, 2);
    await keeper.settled();
    const [first, second] = keeper.checkpoints.map((prefix) => readFileSync(`${prefix}.data-00000-of-00001`));
    expect(first!.equals(second!)).toBe(true);
  });

  it('tells a failed write once, with the next call, and names no checkpoint that is not whole', async () => {
    using counters = await new Counters().initialize();
    const keeper = await keeperOf(counters);
    await keeper.save(counters.session, 1);
    mkdirSync(join(folder, 'model.ckpt-2.index'));
    await keeper.saveInBackground(counters.session, 2);
    await expect(keeper.saveInBackground(counters.session, 3)).rejects.toMatchObject({ name: 'CodedError' });
    expect((await readCheckpointState(folder))?.latest).toBe('model.ckpt-1');
    await keeper.saveInBackground(counters.session, 3);
    await keeper.settled();
    expect(steps(keeper.checkpoints)).toEqual([1, 3]);
  });

  it('refuses to keep none', async () => {
    using counters = new Counters();
    await expect(keeperOf(counters, { keep: 0 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
