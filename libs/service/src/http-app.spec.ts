import { CodedError } from '@bluewaters/errors';
import express from 'express';
import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpApp, createLogger, listen, type HttpServer } from './index.js';

const log = createLogger({ service: 'test', level: 'silent' });
const open: HttpServer[] = [];

async function serve(routes: (app: express.Express) => void): Promise<HttpServer> {
  const server = await listen(createHttpApp({ routes, log }), { host: '127.0.0.1', port: 0 });
  open.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close(0)));
});

describe('createHttpApp', () => {
  it('answers an unknown address with a coded JSON error', async () => {
    const { address } = await serve(() => {});
    const response = await fetch(`${address}/nowhere`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ code: 'NOT_FOUND', error: expect.stringContaining('GET /nowhere') });
  });

  it('gives an error the status of its code, and says when to try again', async () => {
    const { address } = await serve((app) =>
      app.get('/', () => {
        throw new CodedError('OVERLOADED', 'The queue is full');
      }),
    );
    const response = await fetch(address);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toEqual({ code: 'OVERLOADED', error: 'The queue is full' });
  });

  it('keeps the text of an unforeseen error to itself', async () => {
    const { address } = await serve((app) =>
      app.get('/', () => {
        throw new Error('the secret is hunter2');
      }),
    );
    const response = await fetch(address);
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(JSON.parse(text)).toMatchObject({ code: 'INTERNAL' });
    expect(text).not.toContain('hunter2');
  });

  it.each([
    ['{"a": ', 400, 'REQUEST_INVALID'],
    [JSON.stringify({ a: 'x'.repeat(200) }), 413, 'REQUEST_TOO_LARGE'],
  ])('refuses the body %s with %i', async (body, status, code) => {
    const { address } = await serve((app) =>
      app.post('/', express.json({ limit: 100 }), (_, res) => void res.json({})),
    );
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(address, { method: 'POST', body, headers });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
  });

  it('refuses a path that is no valid escape sequence', async () => {
    const { address } = await serve((app) => app.get('/:name', (_, res) => void res.json({})));
    const response = await fetch(`${address}/%ff`);
    expect(response.status).toBe(400);
  });

  it('gives every answer a request id, the own one of the caller where it is sane, and no x-powered-by', async () => {
    const { address } = await serve((app) => app.get('/', (_, res) => void res.json({})));
    const idOf = async (id: string) => (await fetch(address, { headers: { 'x-request-id': id } })).headers;
    expect((await idOf('job-7')).get('x-request-id')).toBe('job-7');
    expect((await idOf('a b "c"')).get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/u);
    expect((await idOf('1')).get('x-powered-by')).toBeNull();
    expect((await idOf('1')).get('x-content-type-options')).toBe('nosniff');
  });
});

describe('listen', () => {
  it('names the port that is in use', async () => {
    const { port } = await serve(() => {});
    await expect(listen(() => {}, { host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(String(port)),
    });
  });

  it('refuses a host that is not of this machine', async () => {
    await expect(listen(() => {}, { host: '192.0.2.1', port: 0 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('lets the request that is being answered finish, and ends connections that are only kept alive', async () => {
    let answer: (() => void) | undefined;
    const server = await serve((app) => {
      app.get('/quick', (_, res) => void res.json({}));
      app.get('/slow', (_, res) => void (answer = () => res.json({ done: true })));
    });
    await (await fetch(`${server.address}/quick`)).json();
    const slow = fetch(`${server.address}/slow`);
    await expect.poll(() => answer).toBeDefined();
    const closed = server.close(60_000);
    answer!();
    expect(await (await slow).json()).toEqual({ done: true });
    await closed;
    await expect(fetch(`${server.address}/quick`)).rejects.toThrow();
  });

  it('cuts a request that outlasts the grace', async () => {
    const server = await serve((app) => app.get('/never', () => {}));
    const cut = new Promise<string>((resolve) => {
      request(`${server.address}/never`)
        .on('error', (error) => resolve(error.message))
        .end();
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await server.close(50);
    expect(await cut).toMatch(/hang up|ECONNRESET/u);
  });
});
