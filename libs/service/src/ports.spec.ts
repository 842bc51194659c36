import { describe, expect, it } from 'vitest';
import { parseBus, parseStore } from './index.js';

const refused = expect.objectContaining({ code: 'CONFIG_INVALID' });

describe('parseStore', () => {
  it.each([
    ['directory:/data/store', { kind: 'directory', path: '/data/store' }],
    ['directory:run/store', { kind: 'directory', path: 'run/store' }],
    ['minio:http://10.0.0.1:9000/pictures', { kind: 'minio', url: 'http://10.0.0.1:9000', bucket: 'pictures' }],
    ['minio:https://store.example/pictures/', { kind: 'minio', url: 'https://store.example', bucket: 'pictures' }],
    ['memory:', { kind: 'memory' }],
  ])('reads %s', (text, options) => {
    expect(parseStore(text)).toEqual(options);
  });

  it.each(['', '/data', 'directory:', 'minio:http://host:9000', 'minio:host/bucket', 'minio:ftp://h/bucket', 's3:x'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseStore(text)).toThrow(refused);
    },
  );

  it('refuses credentials in the address and does not repeat them', () => {
    expect(() => parseStore('minio:http://me:hunter2@host:9000/bucket')).toThrow(refused);
    expect(() => parseStore('minio:http://me:hunter2@host:9000/bucket')).not.toThrow(/hunter2/u);
  });
});

describe('parseBus', () => {
  it('reads an address and the bus in the process', () => {
    expect(parseBus('nats://host:4222')).toEqual({ kind: 'nats', url: 'nats://host:4222' });
    expect(parseBus('tls://host:4222')).toEqual({ kind: 'nats', url: 'tls://host:4222' });
    expect(parseBus('in-process')).toEqual({ kind: 'in-process' });
  });

  it('takes how long NATS waits for a sign of life of a worker', () => {
    expect(parseBus('nats://host:4222', { natsAckWaitMs: 5_000 })).toEqual({
      kind: 'nats',
      url: 'nats://host:4222',
      ackWaitMs: 5_000,
    });
    expect(parseBus('in-process', { natsAckWaitMs: 5_000 })).toEqual({ kind: 'in-process' });
  });

  it.each(['', 'host:4222', 'nats://', 'http://host:4222', 'nats://a:4222,', 'nats://me:hunter2@host:4222'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseBus(text)).toThrow(refused);
    },
  );
});
