import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const FIXTURE = fileURLToPath(new URL('./service.fixture.mjs', import.meta.url));
const PORTS = ['--store', 'memory:', '--bus', 'in-process'];

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A service process of its own, watched through its log. */
class Fixture {
  readonly process: ChildProcess;
  readonly lines: LogLine[] = [];
  readonly exited: Promise<[number | null, string | null]>;

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    this.process = spawn(process.execPath, [FIXTURE, ...args], { env: { ...process.env, ...env } });
    createInterface({ input: this.process.stderr! }).on('line', (line) => this.lines.push(JSON.parse(line)));
    this.exited = once(this.process, 'close') as Promise<[number | null, string | null]>;
  }

  async line(msg: string): Promise<LogLine> {
    await expect.poll(() => this.lines.map((line) => line.msg), { timeout: 20_000 }).toContain(msg);
    return this.lines.find((line) => line.msg === msg)!;
  }

  async exitCode(): Promise<number | null> {
    return (await this.exited)[0];
  }
}

const running: Fixture[] = [];
const start = (args: readonly string[] = PORTS, env?: Record<string, string>): Fixture => {
  const fixture = new Fixture(args, env);
  running.push(fixture);
  return fixture;
};

afterEach(async () => {
  for (const fixture of running.splice(0)) {
    fixture.process.kill('SIGKILL');
    await fixture.exited;
  }
});

describe('a service process', () => {
  it('answers health, tells why it is not ready yet, and gives its metrics', async () => {
    const fixture = start([...PORTS, '--ready-after-ms', '60000']);
    const { health } = await fixture.line('starting');
    await fixture.line('started');
    expect((await fetch(`${health}/healthz`)).status).toBe(200);
    const notReady = await fetch(`${health}/readyz`);
    expect(notReady.status).toBe(503);
    expect(await notReady.json()).toEqual({ status: 'not ready', reasons: ['warming up'] });
    expect(await (await fetch(`${health}/metrics`)).text()).toContain('process_cpu_seconds_total');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('stops its service and exits with 0 at %s', async (signal) => {
    const fixture = start();
    const { health } = await fixture.line('starting');
    await fixture.line('started');
    expect((await fetch(`${health}/readyz`)).status).toBe(200);
    fixture.process.kill(signal);
    expect(await fixture.exitCode()).toBe(0);
    expect(fixture.lines.map((line) => line.msg)).toEqual(
      expect.arrayContaining(['gave back what it held', 'stopped']),
    );
  });

  it('is not ready while it stops, and exits with 1 at once at a second signal', async () => {
    const fixture = start([...PORTS, '--behaviour', 'stops-slowly']);
    const { health } = await fixture.line('starting');
    await fixture.line('started');
    fixture.process.kill('SIGTERM');
    await fixture.line('stopping');
    expect(await (await fetch(`${health}/readyz`)).json()).toEqual({ status: 'not ready', reasons: ['stopping'] });
    await sleep(600);
    fixture.process.kill('SIGTERM');
    expect(await fixture.exitCode()).toBe(1);
  });

  it('takes a signal that comes twice at once, as npm and timeout send it, for one wish', async () => {
    const fixture = start();
    await fixture.line('started');
    fixture.process.kill('SIGINT');
    fixture.process.kill('SIGTERM');
    expect(await fixture.exitCode()).toBe(0);
  });

  it('writes every log line as JSON with level, time and service', async () => {
    const fixture = start();
    const line = await fixture.line('started');
    expect(line).toMatchObject({ level: 'info', service: 'fixture' });
    expect(new Date(line['time'] as string).getFullYear()).toBeGreaterThan(2000);
  });

  it.each([
    ['an unknown flag', [...PORTS, '--behavior', 'plain'], {}, 'CONFIG_INVALID', '--behaviour'],
    ['an unknown variable', PORTS, { BLUEWATERS_BEHAVIOR: 'plain' }, 'CONFIG_INVALID', 'BLUEWATERS_BEHAVIOUR'],
    ['a missing store', ['--bus', 'in-process'], {}, 'CONFIG_INVALID', '--store'],
    ['an unknown kind of store', ['--store', 'tape:1', '--bus', 'in-process'], {}, 'CONFIG_INVALID', 'directory:/path'],
    ['a missing file of options', [...PORTS, '--config', '/nowhere.json'], {}, 'FILE_NOT_FOUND', '/nowhere.json'],
    ['a start that fails', [...PORTS, '--behaviour', 'fails'], {}, 'OBJECT_NOT_FOUND', 'models/none'],
  ])('says %s in one coded line and exits with 1', async (_what, args, env, code, mentioned) => {
    const fixture = start(args, env);
    expect(await fixture.exitCode()).toBe(1);
    const fatal = fixture.lines.filter((line) => line.level === 'fatal');
    expect(fatal).toEqual([expect.objectContaining({ code, msg: expect.stringContaining(mentioned) })]);
  });

  it('says which port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const fixture = start([...PORTS, '--health-port', String(port)]);
    expect(await fixture.exitCode()).toBe(1);
    expect(fixture.lines.at(-1)).toMatchObject({ code: 'PORT_IN_USE', msg: expect.stringContaining(String(port)) });
    taken.close();
  });

  it('logs an error that nobody caught and exits with 1', async () => {
    const fixture = start([...PORTS, '--behaviour', 'throws-later']);
    expect(await fixture.exitCode()).toBe(1);
    expect(fixture.lines.at(-1)).toMatchObject({ level: 'fatal', err: { message: 'nobody caught this' } });
  });

  it('prints its options with --help, and exits with 0', async () => {
    const fixture = start(['--help']);
    const [text] = (await once(fixture.process.stdout!, 'data')) as [Buffer];
    expect(text.toString()).toMatch(/--health-port +BLUEWATERS_HEALTH_PORT/u);
    expect(await fixture.exitCode()).toBe(0);
  });
});
