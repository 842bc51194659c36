import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  certificateAuthority,
  describeWith,
  startNats,
  temporaryDirectory,
  until,
  type CertificateAuthority,
  type TestServer,
} from '@bluewaters/testing';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { defineCommand, defineEvent, defineState, defineWork, openBus, type MessageBus } from '../index.js';

const LOGIN = { user: 'bluewaters', password: 'secret' };

const Count = defineEvent('tls.v1.counted', z.number());
const Echo = defineCommand('tls.v1.echo', z.number(), z.number());
const Dig = defineWork('tls.v1.dig', z.number(), z.unknown());
const Table = defineState('tls', z.number());

await describeWith(['nats', 'openssl'], 'NATS by TLS', () => {
  let authority: CertificateAuthority;
  let server: TestServer;
  const buses: MessageBus[] = [];

  const open = async (url = server.url): Promise<MessageBus> => {
    const bus = await openBus({ kind: 'nats', url });
    buses.push(bus);
    return bus;
  };

  beforeAll(async () => {
    authority = await certificateAuthority();
    server = await startNats({ login: LOGIN, certificate: await authority.issue('DNS:localhost', 'IP:127.0.0.1') });
  });

  beforeEach(() => {
    vi.stubEnv('BLUEWATERS_NATS_USER', LOGIN.user);
    vi.stubEnv('BLUEWATERS_NATS_PASSWORD', LOGIN.password);
    vi.stubEnv('BLUEWATERS_NATS_CA_FILE', authority.certificateFile);
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await Promise.all(buses.splice(0).map((bus) => bus.close()));
  });

  it('carries commands, events, work and state, also after a restart of the server', async () => {
    const [here, there] = [await open(), await open(server.url.replace('127.0.0.1', 'localhost'))];
    const heard: Record<'events' | 'work', number[]> = { events: [], work: [] };
    await there.subscribe(Count, (n) => void heard.events.push(n));
    await there.work(Dig, async (n) => void heard.work.push(n));
    await there.serve(Echo, async (n) => n);
    for (const n of [1, 2]) {
      if (n === 2) await server.restart();
      await here.publish(Count, n);
      await here.submit(Dig, n);
      await (await here.state(Table)).put('key', n);
      await expect.poll(() => here.request(Echo, n).catch(() => undefined), { timeout: 10_000 }).toBe(n);
      await until(`number ${n}`, () => heard.events.includes(n) && heard.work.includes(n));
      expect((await (await there.state(Table)).get('key'))?.value).toBe(n);
    }
    expect(here.description).toBe(server.url);
  });

  it('takes one authority of several in the file', async () => {
    const other = await certificateAuthority();
    const file = join(await temporaryDirectory(), 'both.pem');
    const both = await Promise.all([other, authority].map(({ certificateFile }) => readFile(certificateFile, 'utf8')));
    await writeFile(file, both.join('And the other one:\n'));
    vi.stubEnv('BLUEWATERS_NATS_CA_FILE', file);
    await (await open()).publish(Count, 1);
  });

  it('refuses a server that another authority signed for, or that Node does not trust', async () => {
    const { certificateFile } = await certificateAuthority();
    vi.stubEnv('BLUEWATERS_NATS_CA_FILE', certificateFile);
    await expect(open()).rejects.toMatchObject({
      code: 'BUS_UNTRUSTED',
      details: { field: server.url, expected: expect.stringContaining(certificateFile) },
    });
    vi.stubEnv('BLUEWATERS_NATS_CA_FILE', '');
    await expect(open()).rejects.toMatchObject({
      code: 'BUS_UNTRUSTED',
      details: { expected: expect.stringContaining('Node trusts') },
    });
  });

  it.each(['DNS:elsewhere', 'DNS:localhost', 'IP:127.0.0.2'])(
    'refuses a server at 127.0.0.1 whose certificate is for %s',
    async (name) => {
      const other = await startNats({ login: LOGIN, certificate: await authority.issue(name) });
      await expect(open(other.url)).rejects.toMatchObject({
        code: 'BUS_UNTRUSTED',
        details: { expected: 'a certificate for 127.0.0.1', got: name.replace('IP:', 'IP Address:') },
      });
      await other.stop();
    },
  );

  it('refuses a server without TLS and tells it nothing', async () => {
    const plain = await startNats({ login: LOGIN });
    const url = plain.url.replace('nats:', 'tls:');
    await expect(open(url)).rejects.toMatchObject({ code: 'BUS_UNTRUSTED', details: { expected: 'TLS' } });
    await plain.stop();

    const told: Buffer[] = [];
    const pretender = createServer((socket) => {
      socket.on('data', (bytes) => told.push(bytes)).on('error', () => undefined);
      socket.write('INFO {"server_id":"x","version":"2.12.3","proto":1,"headers":true,"max_payload":1048576}\r\n');
    }).listen(0, '127.0.0.1');
    await once(pretender, 'listening');
    const { port } = pretender.address() as AddressInfo;
    await expect(open(`tls://127.0.0.1:${port}`)).rejects.toMatchObject({ code: 'BUS_UNTRUSTED' });
    expect(Buffer.concat(told).toString()).toBe('');
    pretender.close();
  });

  it('is demanded by the server too: what speaks in the clear is not answered', async () => {
    const { port } = new URL(server.url);
    const socket = connect(Number(port), '127.0.0.1');
    const answers: Buffer[] = [];
    socket.on('data', (bytes) => answers.push(bytes)).on('error', () => undefined);
    socket.write(`CONNECT ${JSON.stringify({ verbose: false, user: LOGIN.user, pass: LOGIN.password })}\r\nPING\r\n`);
    await once(socket, 'close');
    const text = Buffer.concat(answers).toString();
    expect(text).toMatch(/^INFO .*"tls_required":true/u);
    expect(text).not.toContain('PONG');
  });

  it('says which file does not name an authority', async () => {
    const folder = await temporaryDirectory();
    const files = { none: '', text: 'not a certificate\n', broken: 'x' };
    const pem = await readFile(authority.certificateFile, 'utf8');
    files.broken = pem.replace(/\n[^-\n]{30}/u, '\n');
    for (const [name, text] of Object.entries(files)) {
      const file = join(folder, name);
      await writeFile(file, text);
      vi.stubEnv('BLUEWATERS_NATS_CA_FILE', file);
      await expect(open(), name).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        details: { field: 'BLUEWATERS_NATS_CA_FILE', file },
      });
    }
    const missing = join(folder, 'missing');
    vi.stubEnv('BLUEWATERS_NATS_CA_FILE', missing);
    await expect(open()).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: { file: missing } });
  });

  it('refuses an authority with an address that does not ask for TLS', async () => {
    await expect(open(server.url.replace('tls:', 'nats:'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { field: 'BLUEWATERS_NATS_CA_FILE', expected: 'tls://host:port' },
    });
  });
});
