import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { withoutOptions } from './support/cli.js';
import { SERVICES, startService, type ServiceProcess } from './support/services.js';

/** A series of each service's own, beside those of the process. */
const SERIES = {
  ingest: 'bluewaters_ingest_images_total',
  shards: 'bluewaters_shards_images_total',
  training: 'bluewaters_training_runs_total',
  inference: 'bluewaters_inference_requests_total',
} as const;

describe('each service as a process', { timeout: 60_000 }, () => {
  let environment: NodeJS.ProcessEnv;
  const started: ServiceProcess[] = [];

  beforeAll(async () => {
    const store = `directory:${join(await temporaryDirectory(), 'store')}`;
    environment = { ...withoutOptions(process.env), BLUEWATERS_STORE: store, BLUEWATERS_BUS: 'in-process' };
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((service) => service.kill()));
  });

  const start = async (name: keyof typeof SERIES): Promise<ServiceProcess> => {
    const service = await startService(name, environment, 0);
    started.push(service);
    return service;
  };

  it.each(SERVICES)('%s tells health, readiness and metrics, logs JSON, and ends with 0 at SIGTERM', async (name) => {
    const service = await start(name);
    const ask = (path: string): Promise<Response> => fetch(`${service.health}${path}`);
    expect((await ask('/healthz')).status).toBe(200);
    // With no model there is nothing to answer with, and the reason says so.
    const ready = name === 'inference' ? 'the registry has no model yet' : '"ready"';
    await expect.poll(async () => (await ask('/readyz')).text(), { timeout: 20_000 }).toContain(ready);
    const metrics = await (await ask('/metrics')).text();
    for (const series of [SERIES[name], 'process_cpu_seconds_total']) expect(metrics).toContain(`# TYPE ${series} `);
    expect(await service.kill('SIGTERM')).toBe(0);
    const lines = service.log().trimEnd().split('\n');
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ service: name, level: 'info' });
    expect(lines.at(-1)).toContain('"stopped"');
  });

  it.each(SERVICES)('%s names an option that it does not know, and exits with 1', async (name) => {
    environment[`BLUEWATERS_${name.toUpperCase()}_NOTHING`] = '1';
    await expect(start(name)).rejects.toThrow(/ended with 1:[^]*CONFIG_INVALID/u);
    delete environment[`BLUEWATERS_${name.toUpperCase()}_NOTHING`];
  });
});
