import { createLogger } from '@bluewaters/service';
import { DirectoryStore } from '@bluewaters/storage';
import { modelKeys } from '@bluewaters/records';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jpeg } from '../rig.fixture.js';
import { registerColours } from '../tiny-model.fixture.js';
import { EngineSupervisor } from './engine.js';

describe('an engine process', () => {
  let folder: string;
  let directory: string;
  let engine: EngineSupervisor;
  const probabilities = async (key: string, colour: 'red' | 'blue') =>
    Array.from((await engine.predict(key, [await jpeg(colour)]))['probabilities']!.values, Number);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'engine-'));
    const store = new DirectoryStore(folder);
    await registerColours(store, 'colours', 1);
    directory = store.localPath(modelKeys.prefix('colours', 1) + 'saved_model.pb').replace('/saved_model.pb', '');
    engine = new EngineSupervisor({ threads: 1, log: createLogger({ service: 'test', level: 'silent' }) });
    await engine.load('a', directory, await jpeg('red'));
  });
  afterAll(async () => {
    await engine.stop();
    await rm(folder, { recursive: true });
  });

  it('gives the outputs of a batch row by row', async () => {
    const outputs = await engine.predict('a', [await jpeg('red'), await jpeg('blue')]);
    expect(outputs['probabilities']!.shape).toEqual([2, 4]);
    expect(outputs['top_synsets']!.shape).toEqual([2, 3]);
    const rows = Array.from(outputs['probabilities']!.values, Number);
    expect(rows).toEqual([...(await probabilities('a', 'red')), ...(await probabilities('a', 'blue'))]);
  });

  it('says that the picture is at fault when TensorFlow can not decode one', async () => {
    const pictures = [await jpeg('red'), Buffer.from('no picture at all')];
    await expect(engine.predict('a', pictures)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
    expect(await probabilities('a', 'red')).toHaveLength(4);
  });

  it('holds several models, and gives one back without harm to the others', async () => {
    await engine.load('b', directory, await jpeg('red'));
    await engine.unload('b');
    await expect(engine.predict('b', [await jpeg('red')])).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    expect(await probabilities('a', 'red')).toHaveLength(4);
  });

  it('refuses a folder that holds no model, and a probe that is no picture', async () => {
    await expect(engine.load('c', folder, await jpeg('red'))).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await expect(engine.load('c', directory, Buffer.from('x'))).rejects.toMatchObject({ code: 'TENSORFLOW_FAILED' });
  });

  it('fails what is under way when it is killed, with an error that says to try again, and starts anew', async () => {
    const restarted = new Promise<void>((resolve) => engine.observe({ onCrash: () => {}, onRestart: resolve }));
    const asked = Array.from({ length: 20 }, () => probabilities('a', 'red').catch((error: unknown) => error));
    process.kill(engine.pid!, 'SIGKILL');
    for (const answer of await Promise.all(asked)) {
      if (!Array.isArray(answer)) expect(answer).toMatchObject({ code: 'NOT_READY', retryable: true });
    }
    await restarted;
    await engine.load('a', directory, await jpeg('red'));
    expect(await probabilities('a', 'red')).toHaveLength(4);
  });
});
