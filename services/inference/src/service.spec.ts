import { ServedModels } from '@bluewaters/messages';
import { DirectoryStore } from '@bluewaters/storage';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { b64, blue, jpeg, noisyJpeg, Rig } from './rig.fixture.js';
import { registerColours } from './tiny-model.fixture.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inference-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the inference service', () => {
  let rig: Rig;
  beforeAll(async () => {
    const store = new DirectoryStore(join(folder, 'store'));
    await registerColours(store, 'colours', 1);
    await registerColours(store, 'colours', 2);
    rig = await (await new Rig(store).start()).ready();
  });
  afterAll(() => rig.stop());

  it('answers instances row by row, as TensorFlow Serving does', async () => {
    const instances = [b64(await jpeg('red')), { image_bytes: b64(await jpeg('blue')) }];
    const { status, body } = await rig.post('/v1/models/colours:predict', { instances });
    expect(status).toBe(200);
    expect(body.predictions.map((row) => row.top_synsets[0])).toEqual(['n00000001', 'n00000003']);
    expect(Object.keys(body.predictions[0]!).sort()).toEqual([
      'probabilities',
      'top_labels',
      'top_probabilities',
      'top_synsets',
    ]);
    expect(body.predictions[0]!.probabilities).toHaveLength(4);
    expect(body.predictions[0]!.probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  });

  it('answers inputs column by column, with the same figures', async () => {
    const inputs = [b64(await jpeg('red')), b64(await jpeg('green'))];
    const rows = (await rig.post('/v1/models/colours:predict', { instances: inputs })).body.predictions;
    const columns = (await rig.post('/v1/models/colours:predict', { inputs })).body.outputs;
    for (const name of ['probabilities', 'top_labels', 'top_synsets'] as const) {
      expect(columns[name]).toEqual(rows.map((row) => row[name]));
    }
  });

  it.each(['red', 'green', 'blue'] as const)(
    'names the class of a %s picture, the last class included',
    async (colour) => {
      const { body } = await rig.post('/v1/models/colours/image', await jpeg(colour), 'image/jpeg');
      expect(body).toMatchObject({ model: 'colours', version: 2 });
      expect(body.predictions[0]).toMatchObject({ words: `${colour}, a colour`, probability: expect.any(Number) });
      expect(body.predictions[0]!.probability).toBeGreaterThan(0.9);
      expect(body.predictions).toHaveLength(3);
    },
  );

  it.each(['jpeg', 'png', 'webp', 'gif'] as const)('takes a picture as %s, by its bytes', async (format) => {
    const bytes = await blue(format);
    const asImage = await rig.post('/v1/models/colours/image?top=1', bytes, `image/${format}`);
    const asBytes = await rig.post('/v1/models/colours/image?top=1', bytes, 'application/octet-stream');
    expect(asImage.body.predictions).toMatchObject([{ label: 3 }]);
    expect(asBytes.body).toEqual(asImage.body);
  });

  it('gives the raw route and the b64 route the same probabilities', async () => {
    const bytes = await jpeg('brown');
    const raw = (await rig.post('/v1/models/colours/image', bytes, 'image/jpeg')).body.predictions;
    const [row] = (await rig.post('/v1/models/colours:predict', { instances: [b64(bytes)] })).body.predictions;
    for (const { label, probability } of raw) expect(probability).toBe(row!.probabilities[label]);
  });

  it('answers many at once as it answers one', async () => {
    const colours = Array.from({ length: 60 }, (_, index) => (['red', 'green', 'blue'] as const)[index % 3]!);
    const answers = await Promise.all(
      colours.map(async (colour) => rig.post('/v1/models/colours/image?top=1', await jpeg(colour), 'image/jpeg')),
    );
    expect(answers.map(({ body }) => body.predictions[0]!.words)).toEqual(
      colours.map((colour) => `${colour}, a colour`),
    );
  });

  it('serves a version by its number', async () => {
    const { body } = await rig.post('/v1/models/colours/versions/1/image', await jpeg('red'), 'image/jpeg');
    expect(body.version).toBe(1);
    const instances = [b64(await jpeg('red'))];
    expect((await rig.post('/v1/models/colours/versions/1:predict', { instances })).status).toBe(200);
  });

  it('tells the state of versions as TensorFlow Serving does', async () => {
    const status = (version: string) => ({
      version,
      state: 'AVAILABLE',
      status: { error_code: 'OK', error_message: '' },
    });
    expect((await rig.get('/v1/models/colours')).body).toEqual({ model_version_status: [status('2'), status('1')] });
    expect((await rig.get('/v1/models/colours/versions/1')).body).toEqual({ model_version_status: [status('1')] });
    expect((await rig.get('/v1/models')).body).toEqual({ models: ['colours'] });
  });

  it('tells the tensors of a model as TensorFlow Serving does', async () => {
    const { body } = await rig.get('/v1/models/colours/metadata');
    expect(body.model_spec).toEqual({ name: 'colours', signature_name: '', version: '2' });
    const { inputs, outputs } = body.metadata.signature_def.signature_def['serving_default']!;
    const shape = { dim: [{ size: '-1', name: '' }] };
    expect(inputs).toMatchObject({ image_bytes: { dtype: 'DT_STRING', tensor_shape: shape } });
    expect(outputs).toMatchObject({ probabilities: { dtype: 'DT_FLOAT' }, top_labels: { dtype: 'DT_INT32' } });
    expect(body.metadata.signature.classes[2]).toMatchObject({ label: 3, synset: 'n00000003' });
  });

  it('is healthy and ready on every address that a watcher may ask', async () => {
    for (const path of ['/healthz', '/readyz', '/v2/health/live', '/v2/health/ready']) {
      expect((await rig.get(path)).status, path).toBe(200);
    }
  });

  it.each([
    ['an unknown model', '/v1/models/cats:predict', { instances: [{ b64: 'AAAA' }] }, 404, 'MODEL_UNKNOWN'],
    [
      'an unknown version',
      '/v1/models/colours/versions/9:predict',
      { instances: [{ b64: 'AAAA' }] },
      404,
      'MODEL_UNKNOWN',
    ],
    ['a version that is no number', '/v1/models/colours/versions/x:predict', { instances: [] }, 400, 'REQUEST_INVALID'],
    ['no JSON', '/v1/models/colours:predict', '{"instances": [', 400, 'REQUEST_INVALID'],
    ['no instances', '/v1/models/colours:predict', {}, 400, 'REQUEST_INVALID'],
    ['no picture', '/v1/models/colours:predict', { instances: [{ b64: 'bm90IGFuIGltYWdl' }] }, 422, 'IMAGE_INVALID'],
    ['a body over the limit', '/v1/models/colours:predict', 'x'.repeat(200_000), 413, 'REQUEST_TOO_LARGE'],
    ['an unknown action', '/v1/models/colours:explode', {}, 404, 'NOT_FOUND'],
    ['an unknown address', '/v3/models', {}, 404, 'NOT_FOUND'],
  ])('refuses %s with a coded JSON error', async (_what, path, body, status, code) => {
    const answer = await rig.post(path, body);
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ code, error: expect.any(String) });
  });

  it('names the instance that is no picture', async () => {
    const instances = [b64(await jpeg('red')), { b64: 'bm90IGFuIGltYWdl' }];
    const { body } = await rig.post('/v1/models/colours:predict', { instances });
    expect(body.error).toContain('instances[1].b64');
  });

  it('refuses a picture that is cut short, and goes on serving', async () => {
    const whole = await jpeg('red');
    const { status, body } = await rig.post(
      '/v1/models/colours/image',
      whole.subarray(0, whole.length / 2),
      'image/jpeg',
    );
    expect(status).toBe(422);
    expect(body.code).toBe('IMAGE_INVALID');
    expect((await rig.post('/v1/models/colours/image', whole, 'image/jpeg')).status).toBe(200);
  });

  it('refuses a picture whose inside is damaged in a way that only decoding shows', async () => {
    const damaged = await noisyJpeg();
    const scan = damaged.lastIndexOf(Buffer.from([0xff, 0xda]));
    damaged.fill(0x55, scan + 14, damaged.length - 2);
    damaged.writeUInt16BE(0xffc4, scan + 200);
    const answers = await Promise.all([
      rig.post('/v1/models/colours/image', damaged, 'image/jpeg'),
      rig.post('/v1/models/colours/image', await jpeg('green'), 'image/jpeg'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([422, 200]);
  });

  it.each([['0'], ['-1'], ['many'], ['1.5']])('refuses top=%s', async (top) => {
    const { body } = await rig.post(`/v1/models/colours/image?top=${top}`, await jpeg('red'), 'image/jpeg');
    expect(body).toEqual({ code: 'REQUEST_INVALID', error: expect.stringContaining('top') });
  });

  it('says how to send a picture to whoever sends it as a form', async () => {
    const { status, body } = await rig.post(
      '/v1/models/colours/image',
      await jpeg('red'),
      'application/x-www-form-urlencoded',
    );
    expect(status).toBe(400);
    expect(body.error).toContain('content-type');
  });

  it('counts requests by route, without a series for every model or bad address', async () => {
    await rig.get('/v1/models/colours');
    await rig.get('/no/such/address');
    const { text } = await rig.get('/metrics');
    expect(text).toMatch(/requests_total\{route="\/v1\/models\/:model",method="GET",status="200"\} \d+/u);
    expect(text).toMatch(/requests_total\{route="none",method="GET",status="404"\} \d+/u);
    expect(text).toMatch(/model_loads_total\{model="colours",outcome="ready"\} 2/u);
    expect(text).toMatch(/batch_images_count [1-9]/u);
    expect(text).not.toContain('/no/such/address');
  });

  it('serves its page under a policy that lets in nothing from elsewhere', async () => {
    const { status, text, headers } = await rig.get('/');
    expect(status).toBe(200);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'/u);
    expect(text).not.toMatch(/https?:\/\//u);
    expect(text).not.toMatch(/<script>|\sstyle=|\son\w+=/u);
    for (const file of ['page.js', 'style.css', 'base.css', 'icon.svg'])
      expect((await rig.get(`/${file}`)).status).toBe(200);
  });

  it('tells the bus what it serves', async () => {
    const rows = await (await rig.bus.state(ServedModels)).list();
    expect(rows.map(({ key, value }) => [key, value.state])).toEqual([
      ['colours.1', 'ready'],
      ['colours.2', 'ready'],
    ]);
    expect(rows[0]!.value.address).toBe(rig.service.address);
  });
});
