import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Evaluated, Runs, type OrderedEvaluation } from '@bluewaters/messages';
import { datasetKeys, encodeManifest, modelKeys, parseManifest, runKeys } from '@bluewaters/records';
import { liveHandles, loadSavedModel, Tensor, type Output } from '@bluewaters/tensorflow';
import { syntheticJpeg, until } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { evaluateModel } from './evaluation/evaluate-model.js';
import { train } from './train.js';
import { WatchedStore } from './watched-store.fixture.js';
import { BATCH, exported, kept, sha256, SYNSETS, weights, workplace } from './workplace.fixture.js';

/** Of a trace, what is looked at here. */
interface TraceEvent {
  readonly ph: string;
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
}

describe('training', { timeout: 120_000 }, () => {
  it('learns, evaluates every held-out example once, and tells the bus how the run stands', async () => {
    const { start, bus, directory } = await workplace();
    const result = await start();
    expect(result).toMatchObject({ version: 1, epochs: 6, steps: 36 });
    expect(result.evaluation).toMatchObject({ examples: 21, top1: 1 });
    const path = join(directory, 'store', runKeys.checkpoints('r'), 'confusion.json');
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      classes: SYNSETS,
      confusion: [
        [7, 0, 0],
        [0, 7, 0],
        [0, 0, 7],
      ],
    });
    expect((await (await bus.state(Runs)).get('r'))?.value).toMatchObject({
      state: 'done',
      step: 36,
      checkpointStep: 36,
    });
  });

  it('leaves a trace of a few steps when it is asked for one, and the same weights', async () => {
    const [plain, traced] = await Promise.all([workplace(), workplace()]);
    await plain.start({ epochs: 3 });
    await traced.start({ epochs: 3, trace: true });
    const path = join(traced.directory, 'store', runKeys.checkpoints('r'), 'trace.json');
    const { traceEvents } = JSON.parse(await readFile(path, 'utf8')) as { traceEvents: TraceEvent[] };
    const spans = traceEvents.filter(({ ph }) => ph === 'X');
    expect(spans.filter(({ cat }) => cat === 'step').map(({ name }) => name)).toEqual(
      [10, 11, 12].map((step) => `step ${step} of this start`),
    );
    const convolutions = spans.filter(({ name }) => name.includes('Conv2D'));
    expect(convolutions.length).toBeGreaterThanOrEqual(3);
    expect(convolutions.every(({ dur }) => dur > 0)).toBe(true);
    expect(traced.said.flatMap(({ notices = [] }) => notices).join()).toContain(`is in ${path}`);
    expect(await weights(traced.store)).toBe(await weights(plain.store));
  });

  it('evaluates between two steps when a coordinator wants it, once for each order, and goes on as if it had not', async () => {
    const [plain, ordered] = await Promise.all([workplace(), workplace()]);
    await plain.start({ epochs: 2 });
    const found: OrderedEvaluation[] = [];
    const heard: number[] = [];
    await ordered.bus.subscribe(Evaluated, ({ step }) => void heard.push(step));
    // The next one is there when the first was followed.
    const next = (): number | undefined => [5, 9].find((order) => order > (found.at(-1)?.ordered ?? 0));
    const evaluations = { next, made: (one: OrderedEvaluation) => void found.push(one) };
    await train(ordered.requestWith({ epochs: 2 }), { ...ordered.ports(), evaluations });
    expect(found).toMatchObject([
      { ordered: 5, step: 1, evaluation: { examples: 21 } },
      { ordered: 9, step: 2, evaluation: { examples: 21 } },
    ]);
    await until('the events', () => heard.length === 4);
    expect(heard).toEqual([1, 2, 6, 12]);
    expect(ordered.said.map(({ phase }) => phase)).toContain('step 2 evaluated as ordered');
    expect(await weights(ordered.store)).toBe(await weights(plain.store));
  });

  it('gives the same weights from the same seed, and others from another', async () => {
    const [first, second, other] = await Promise.all([workplace(), workplace(), workplace()]);
    await first.start();
    await second.start();
    await other.start({ seed: 8 });
    expect(await weights(second.store)).toBe(await weights(first.store));
    expect(await weights(other.store)).not.toBe(await weights(first.store));
  });

  it('gives the same weights when it was stopped in the middle of an epoch as when it never was', async () => {
    const [whole, stopped] = await Promise.all([workplace(), workplace()]);
    await whole.start();
    await expect(stopped.start({}, 20 * BATCH)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await stopped.start();
    expect(stopped.said.flatMap(({ notices = [] }) => notices)).toContain('going on from the checkpoint of step 20');
    expect(await weights(stopped.store)).toBe(await weights(whole.store));
  });

  it('keeps the moving averages of batch normalisation, evaluates with them, and exports them', async () => {
    const { start, store } = await workplace();
    const result = await start({ network: 'resnet-20', learningRate: 0.05 });
    expect(result.evaluation).toMatchObject({ examples: 21, top1: 1 });
    const index = await store.get(`${modelKeys.prefix('m', 1)}variables/variables.index`);
    expect(Buffer.from(index).toString('latin1')).toContain('moving_variance');
  });

  it('becomes a model as it is when fewer epochs are asked for than were begun, and goes on from there', async () => {
    const [whole, stopped] = await Promise.all([workplace(), workplace()]);
    await whole.start({ epochs: 5 });
    await expect(stopped.start({ epochs: 5 }, 20 * BATCH)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const cut = await stopped.start({ epochs: 1 });
    expect(cut).toMatchObject({ version: 1, steps: 20, epochs: 3, evaluation: { examples: 21 } });
    expect(await exported(stopped, 'conv1/weights', 1)).toEqual(await kept(stopped, 'conv1/weights', 20));
    expect(await stopped.start({ epochs: 5 })).toMatchObject({ version: 2, epochs: 5 });
    expect(await weights(stopped.store, 2)).toBe(await weights(whole.store));
  });

  it('goes on elsewhere from what a remote store holds', async () => {
    // A store without local paths: shards are copied here, checkpoints are committed there.
    const watched = new WatchedStore('r');
    const remote = await workplace(watched);
    const whole = await workplace();
    await whole.start();
    await expect(remote.start({}, 20 * BATCH)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await remote.start();
    expect(await weights(remote.store)).toBe(await weights(whole.store));
    const kept: string[] = [];
    for await (const { key } of remote.store.list(runKeys.checkpoints('r'))) kept.push(key.split('/').at(-1) as string);
    expect(kept).toEqual(
      expect.arrayContaining(['checkpoint', 'run.json', 'model.ckpt-36.index', 'model.ckpt-36.json']),
    );
    expect(await watched.named()).toContain('model.ckpt-36');
    expect(watched.faults).toEqual([]);
  });

  it('trains further when it is given more epochs, and makes nothing anew when it is not', async () => {
    const { start, store } = await workplace();
    expect((await start({ epochs: 2 })).version).toBe(1);
    expect((await start({ epochs: 2 })).version).toBe(1);
    const further = await start({ epochs: 3 });
    expect(further).toMatchObject({ version: 2, epochs: 3, steps: 18 });
    expect(await weights(store, 2)).not.toBe(await weights(store, 1));
  });

  it('refuses to go on with a run under other options, and a dataset that has changed', async () => {
    const { start } = await workplace();
    await start({ epochs: 1 });
    await expect(start({ epochs: 1, batch: 8 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { field: 'batch' },
    });
    await expect(start({ run: 'other', manifest: 'f'.repeat(64) })).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
    await expect(start({ run: 'other', network: 'nothing' })).rejects.toMatchObject({ code: 'NETWORK_UNKNOWN' });
  });

  it('exports what it trained: JPEG bytes in, the last class among the answers', async () => {
    const { start, store } = await workplace();
    await start();
    const directory = store.localPath(modelKeys.prefix('m', 1).replace(/\/$/u, '')) as string;
    using model = await loadSavedModel(directory);
    const { inputs, outputs } = model.signatures['serving_default']!;
    const last = await syntheticJpeg({ width: 30, height: 28, seed: SYNSETS.length - 1 });
    using jpegs = Tensor.of('string', [1], [last]);
    const fetches = ['probabilities', 'top_labels', 'top_synsets'].map((key) => outputs[key] as Output);
    const answers = await model.session.run({ feeds: [[inputs['image_bytes'] as Output, jpegs]], fetches });
    expect(answers[0]?.shape).toEqual([1, SYNSETS.length + 1]);
    expect(answers[1]?.values()[0]).toBe(SYNSETS.length);
    expect(answers[2]?.strings()[0]?.toString()).toBe(SYNSETS.at(-1));
    for (const answer of answers) answer[Symbol.dispose]();
  });

  it('leaves a report of the whole run, whatever number of starts it took', async () => {
    const { start, store } = await workplace();
    await start({ epochs: 1 });
    await start({ epochs: 2 });
    const page = Buffer.from(await store.get(runKeys.report('r'))).toString('utf8');
    expect(page).toContain('<h1>m, version 2: ');
    expect(page).toContain('<b>21</b><span>held-out pictures</span>');
    const [, accuracy = ''] = /Accuracy on validation([\s\S]*?)<\/svg>/u.exec(page) ?? [];
    expect(accuracy.match(/<circle class="curve-0"/gu)).toHaveLength(2); // one for each epoch
  });

  it('says so when it diverges, and leaves the last good checkpoint', async () => {
    const { start, directory } = await workplace();
    const named = /step \d+ on rank 0 the first operation to give such values was train\/\S+ \(\w+\), \d+ of \d+/u;
    await expect(start({ learningRate: 1e9, epochs: 20 })).rejects.toMatchObject({
      code: 'TRAINING_DIVERGED',
      details: { field: 'learningRate', got: expect.stringMatching(named) as string },
    });
    const names = await readdir(join(directory, 'store', runKeys.checkpoints('r')));
    expect(names.filter((name) => name.endsWith('.json') && name !== 'run.json').length).toBeLessThanOrEqual(2);
    await expect(start({ learningRate: 1e9, epochs: 20 })).rejects.toMatchObject({ code: 'TRAINING_DIVERGED' });
    expect(await start({ run: 'lower' })).toMatchObject({ evaluation: { top1: 1 } });
  });

  it('gives a registered model the figures that training gave it, at any batch size', async () => {
    const { start, store, directory } = await workplace();
    const trained = await start({ epochs: 1 });
    const manifest = sha256(await store.get(datasetKeys.manifest('d')));
    const evaluations = [1, 8, 100].map((batch) =>
      evaluateModel(
        { model: 'm', version: 1, dataset: 'd', manifest, split: 'validation', batch },
        { store, workDirectory: directory, threads: 2, report: () => undefined },
      ),
    );
    for (const { evaluation, classes } of await Promise.all(evaluations)) {
      const { top1, top5, examples, loss } = trained.evaluation;
      expect(evaluation).toMatchObject({ top1, top5, examples });
      expect(evaluation.loss).toBeCloseTo(loss, 5);
      expect(classes.map((one) => [one.synset, one.examples])).toEqual(SYNSETS.map((synset) => [synset, 7]));
    }
  });

  it('evaluates a registered model on a third split, where the dataset has one', async () => {
    const { start, store, directory } = await workplace();
    const { evaluation } = await start({ epochs: 1 });
    const onTesting = async (): ReturnType<typeof evaluateModel> => {
      const manifest = sha256(await store.get(datasetKeys.manifest('d')));
      return evaluateModel(
        { model: 'm', version: 1, dataset: 'd', manifest, split: 'testing', batch: 8 },
        { store, workDirectory: directory, threads: 2, report: () => undefined },
      );
    };
    await expect(onTesting()).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: { got: 'testing' } });
    const two = parseManifest(await store.get(datasetKeys.manifest('d')), { file: 'x' });
    const three = encodeManifest({ ...two, splits: { ...two.splits, testing: two.splits.validation } });
    await store.put(datasetKeys.manifest('d'), three);
    const { top1, examples } = evaluation;
    expect(await onTesting()).toMatchObject({ split: 'testing', evaluation: { top1, examples } });
  });

  it('gives every native handle back', async () => {
    const { start } = await workplace();
    const before = liveHandles();
    await start({ epochs: 1 });
    expect(liveHandles()).toEqual(before);
  });

  it('keeps run.json readable at every moment of a run', async () => {
    const { start, directory } = await workplace();
    await start({ epochs: 1 });
    const text = await readFile(join(directory, 'store', runKeys.entry('r')), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ format: 'bluewaters.run.v1', state: 'done' });
  });
});
