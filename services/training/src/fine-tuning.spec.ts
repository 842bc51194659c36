import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelKeys, parseSignature } from '@bluewaters/records';
import { listCheckpoint, readCheckpoint } from '@bluewaters/tensorflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { storeDataset, weights, workplace } from './workplace.fixture.js';

/** Values of a registered model by the names of its variables. */
type Values = ReadonlyMap<string, readonly number[]>;

async function valuesOf(place: { readonly directory: string }, version: number, model = 'm'): Promise<Values> {
  const prefix = join(place.directory, 'store', modelKeys.prefix(model, version), 'variables/variables');
  const tensors = await readCheckpoint(prefix, await listCheckpoint(prefix));
  const values = new Map([...tensors].map(([name, tensor]) => [name, tensor.numbers()]));
  for (const tensor of tensors.values()) tensor[Symbol.dispose]();
  return values;
}

/** Names of the variables that differ. */
function changed(before: Values, after: Values): string[] {
  return [...before.keys()].filter((name) => String(before.get(name)) !== String(after.get(name)));
}

const NETWORK = { network: 'resnet-20', imageSize: 16, epochs: 1 };
const OTHERS = ['n02084071', 'n02121808'];

describe('training from a registered model', { timeout: 180_000 }, () => {
  let place: Awaited<ReturnType<typeof workplace>>;
  let parent: Values;
  let manifest: string;
  const from = (freeze: string[], rate = 1) => ({ model: 'm', version: 1, freeze, rate });

  beforeAll(async () => {
    place = await workplace();
    await place.start({ ...NETWORK, epochs: 2 });
    parent = await valuesOf(place, 1);
    manifest = await storeDataset(place.store, { dataset: 'e', synsets: OTHERS });
  }, 120_000);

  it('leaves what is frozen as it was, statistics too, and trains the rest on', async () => {
    const { version } = await place.start({
      ...NETWORK,
      run: 'frozen',
      from: from(['conv*', 'block1', 'block2/unit1']),
    });
    const names = changed(parent, await valuesOf(place, version));
    expect(names.filter((name) => /^(?:conv|block1|block2\/unit1)/u.test(name))).toEqual([]);
    const rest = [...parent.keys()].filter((name) => !/^(?:conv|block1|block2\/unit1)/u.test(name));
    expect(names).toEqual(rest);
    expect(place.said.flatMap(({ notices = [] }) => notices)).toContain(
      `starting with ${parent.size} of ${parent.size} variables from m:1`,
    );
  });

  it('starts the last layer anew for other classes, and says where the rest comes from', async () => {
    const run = { ...NETWORK, run: 'others', dataset: 'e', manifest, model: 'others' };
    const { version } = await place.start({ ...run, from: from(['*']) });
    const values = await valuesOf(place, version, 'others');
    const frozen = new Map([...parent].filter(([name]) => !name.startsWith('logits/')));
    expect(changed(frozen, values)).toEqual([]);
    expect(values.get('logits/biases')).toHaveLength(3);
    const read = (key: string) => readFile(join(place.directory, 'store', key));
    const { parent: noted } = JSON.parse(String(await read(modelKeys.provenance('others', version)))) as {
      parent: unknown;
    };
    expect(noted).toEqual({ model: 'm', version: 1, weights: await weights(place.store) });
    const signature = modelKeys.signature('others', version);
    expect(parseSignature(await read(signature), { file: signature }).classes.map(({ synset }) => synset)).toEqual(
      OTHERS,
    );
  });

  it('moves what came from the model the less, the lower its rate', async () => {
    const move = async (rate: number): Promise<number> => {
      const run = { ...NETWORK, run: `rate-${String(rate).replace('.', '-')}`, weightDecay: 0 };
      const { version } = await place.start({ ...run, from: from([], rate) });
      const values = await valuesOf(place, version);
      const name = 'conv1/weights';
      return Math.max(...parent.get(name)!.map((value, i) => Math.abs(value - values.get(name)![i]!)));
    };
    expect((await move(0.01)) / (await move(1))).toBeLessThan(0.1);
  });

  it('ends with the same bytes when it was stopped on the way', async () => {
    const run = { ...NETWORK, epochs: 2, from: from(['block1'], 0.5) };
    const whole = await place.start({ ...run, run: 'whole' });
    await expect(place.start({ ...run, run: 'stopped' }, 40)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const resumed = await place.start({ ...run, run: 'stopped' });
    expect(await weights(place.store, resumed.version)).toBe(await weights(place.store, whole.version));
  });

  it.each([
    [
      { network: 'lenet' },
      { code: 'CONFIG_INVALID', details: { field: 'network', expected: 'resnet-20', got: 'lenet' } },
    ],
    [{ from: { model: 'm', version: 99, freeze: [], rate: 1 } }, { code: 'MODEL_INVALID' }],
    [{ from: from(['block9']) }, { code: 'CONFIG_INVALID', details: { field: 'freeze', got: 'block9' } }],
  ])('is refused for %o', async (changes, refusal) => {
    const run = { ...NETWORK, run: `refused-${Object.keys(changes).join()}-${JSON.stringify(changes).length}` };
    await expect(place.start({ ...run, from: from([]), ...changes })).rejects.toMatchObject(refusal);
  });
});
