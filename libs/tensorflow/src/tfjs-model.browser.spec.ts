import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CHROMIUM, CHROMIUM_OPTIONS } from '@bluewaters/testing';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeze, Graph, Session, Tensor, writeTfjsModel } from './index.js';
import { convolutionalNetwork } from './network.fixture.js';

const SIZE = 16;
const PICTURES = 4;
const pixels = Float32Array.from({ length: PICTURES * SIZE * SIZE * 3 }, (_, i) => Math.sin(i * i));

/** What the page does; `tf` comes from the bundle that the page loads. */
const PREDICT = `async ([shape, pixels]) => {
  await tf.setBackend('cpu');
  const model = await tf.loadGraphModel('/model/model.json');
  const output = await model.executeAsync({ x: tf.tensor(pixels, shape) });
  return { values: Array.from(await output.data()), inputs: model.inputs.map(({ shape }) => shape) };
}`;

/** Where tfjs lies; it is served and run, not imported. */
const bundle = createRequire(import.meta.url).resolve('@tensorflow/tfjs/dist/tf.min.js');

describe('a graph model for tfjs', () => {
  let folder: string;
  let server: Server;
  let address: string;
  let expected: number[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tfjs-page-'));
    using graph = new Graph();
    const { x, probabilities, variables } = convolutionalNetwork(graph.scope(), SIZE);
    using session = new Session(graph);
    await session.run({ targets: variables.map(({ initializer }) => initializer) });
    const model = await freeze(session, { inputs: { x }, outputs: { probabilities } });
    await writeTfjsModel(join(folder, 'model'), model, { shardBytes: 4096 });
    using fed = Tensor.of('float32', [PICTURES, SIZE, SIZE, 3], pixels);
    using answer = (await session.run({ feeds: [[x, fed]], fetches: [probabilities] }))[0]!;
    expected = [...answer.values('float32')];

    server = createServer(({ url = '' }, response) => {
      if (url === '/') response.setHeader('content-type', 'text/html').end('<script src="/tf.min.js"></script>');
      else if (url === '/favicon.ico') response.end();
      else response.end(readFileSync(url === '/tf.min.js' ? bundle : join(folder, url)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }, 60_000);
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  function expectAnswer(values: number[]): void {
    expect(values).toHaveLength(expected.length);
    values.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-4));
    expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(0.1);
  }

  describe.skipIf(!CHROMIUM)('in a browser [BLUEWATERS_CHROMIUM]', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch(CHROMIUM_OPTIONS);
    });
    afterAll(() => browser?.close());

    it('answers as the session does that it was frozen from', { timeout: 60_000 }, async () => {
      const page = await browser.newPage();
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())));
      await page.goto(address);
      const found = await page.evaluate<{ values: number[]; inputs: unknown }>(
        `(${PREDICT})(${JSON.stringify([[PICTURES, SIZE, SIZE, 3], [...pixels]])})`,
      );
      expectAnswer(found.values);
      expect(found.inputs).toEqual([[-1, SIZE, SIZE, 3]]);
      expect(faults).toEqual([]);
    });
  });

  it('answers so in tfjs on Node too', { timeout: 60_000 }, async () => {
    const program = `
      import { readFileSync } from 'node:fs';
      import { createRequire } from 'node:module';
      const tf = createRequire(${JSON.stringify(bundle)})('@tensorflow/tfjs');
      const input = JSON.parse(readFileSync(0, 'utf8'));
      const predict = ${PREDICT.replace("'/model/model.json'", `'${address}/model/model.json'`)};
      console.log(JSON.stringify(await predict(input)));`;
    const child = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      maxBuffer: 64 << 20,
    });
    child.child.stdin!.end(JSON.stringify([[PICTURES, SIZE, SIZE, 3], [...pixels]]));
    const { stdout } = await child;
    expectAnswer((JSON.parse(stdout.trim().split('\n').at(-1)!) as { values: number[] }).values);
  });
});
