import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answers, freePort, temporaryDirectory, until } from '@bluewaters/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutOptions } from './support/cli.js';
import { readPage } from './support/pages.js';
import { SERVICES, startService, type ServiceProcess } from './support/services.js';

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly result: { readonly metric: Record<string, string>; readonly value: [number, string] }[] };
}

const DASHBOARD = JSON.parse(readPage('containers/metrics/bluewaters.json')) as {
  readonly panels: { readonly title: string; readonly targets?: { readonly expr: string }[] }[];
};
const QUERIES = DASHBOARD.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr] as const),
);

describe('Prometheus, as containers/metrics sets it up', { timeout: 60_000 }, () => {
  let services: ServiceProcess[];
  let prometheus: ChildProcess;
  let address: string;
  let series: string;

  beforeAll(async () => {
    const directory = await temporaryDirectory();
    const store = `directory:${join(directory, 'store')}`;
    const environment = { ...withoutOptions(process.env), BLUEWATERS_STORE: store, BLUEWATERS_BUS: 'in-process' };
    services = await Promise.all(SERVICES.map((name) => startService(name, environment, 0)));
    series = (await Promise.all(services.map(async ({ health }) => (await fetch(`${health}/metrics`)).text()))).join(
      '',
    );
    // The same, but for where the services are, and without much patience.
    let configuration = readPage('containers/metrics/prometheus.yml').replace('10s', '1s');
    for (const { name, health } of services) {
      configuration = configuration.replace(new RegExp(`${name}:\\d+`, 'u'), health.slice('http://'.length));
    }
    await mkdir(join(directory, 'prometheus'));
    await writeFile(join(directory, 'prometheus.yml'), configuration);
    address = `127.0.0.1:${await freePort()}`;
    const flags = [`--config.file=${directory}/prometheus.yml`, `--storage.tsdb.path=${directory}/prometheus`];
    prometheus = spawn(
      process.env['BLUEWATERS_PROMETHEUS'] ?? 'prometheus',
      [...flags, `--web.listen-address=${address}`],
      {
        stdio: 'ignore',
      },
    );
    await until('Prometheus', () => answers(`http://${address}/-/ready`));
  }, 120_000);
  afterAll(async () => {
    prometheus?.kill();
    await Promise.all((services ?? []).map((service) => service.kill()));
  });

  const ask = async (query: string): Promise<Answer> => {
    const response = await fetch(`http://${address}/api/v1/query?${new URLSearchParams({ query })}`);
    return (await response.json()) as Answer;
  };

  it('hears every service', async () => {
    const up = async (): Promise<string[]> => (await ask('up')).data.result.map(({ value: [, value] }) => value);
    await expect.poll(up, { timeout: 20_000 }).toEqual(SERVICES.map(() => '1'));
  });

  it('names the services of compose.yaml', () => {
    const targets = /targets: \[(.*)\]/u.exec(readPage('containers/metrics/prometheus.yml'))?.[1];
    expect(targets).toBe(SERVICES.map((name, index) => `'${name}:${9101 + index}'`).join(', '));
  });

  it.each(QUERIES)(
    'understands the panel "%s" of the dashboard, which asks for what services tell: %s',
    async (_, query) => {
      expect(await ask(query)).toMatchObject({ status: 'success' });
      const names = query.match(/(?:bluewaters|process)_\w+/gu) ?? [];
      for (const name of names) {
        // A histogram's parts have names of their own.
        expect(series).toContain(`# TYPE ${name.replace(/_(?:bucket|sum|count)$/u, '')} `);
      }
    },
  );
});
