import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { describeOptions, parseFlags, resolveOptions } from './index.js';

const schema = z.strictObject({
  port: z.int().min(0).max(65535).default(8501).describe('where it listens'),
  maxBodyBytes: z.int().positive().default(1000),
  synsets: z.array(z.string()).default([]),
  verbose: z.boolean().default(false),
  name: z.string().optional(),
});

const file = (values: Record<string, unknown>) => ({ path: 'options.json', values });

describe('resolveOptions', () => {
  it('lets a flag go before the environment, that before the file, and that before the default', () => {
    const everywhere = {
      flags: parseFlags(schema, ['--port', '1']),
      environment: { BLUEWATERS_PORT: '2' },
      file: file({ port: 3 }),
    };
    const { flags: _flags, ...withoutFlags } = everywhere;
    expect(resolveOptions(schema, everywhere).port).toBe(1);
    expect(resolveOptions(schema, withoutFlags).port).toBe(2);
    expect(resolveOptions(schema, { file: everywhere.file }).port).toBe(3);
    expect(resolveOptions(schema, {}).port).toBe(8501);
  });

  it('gives the same options from flags, from the environment and from a file', () => {
    const wanted = { port: 7, maxBodyBytes: 12, synsets: ['n01', 'n02'], verbose: true, name: '007' };
    const argv = ['--port=7', '--max-body-bytes', '12', '--synsets', 'n01,n02', '--verbose', '--name', '007'];
    const environment = {
      BLUEWATERS_PORT: '7',
      BLUEWATERS_MAX_BODY_BYTES: '12',
      BLUEWATERS_SYNSETS: 'n01,n02',
      BLUEWATERS_VERBOSE: 'true',
      BLUEWATERS_NAME: '007',
    };
    expect(resolveOptions(schema, { flags: parseFlags(schema, argv) })).toEqual(wanted);
    expect(resolveOptions(schema, { environment })).toEqual(wanted);
    expect(resolveOptions(schema, { file: file(wanted) })).toEqual(wanted);
  });

  it('gives frozen options and leaves what it was given as it was', () => {
    const flags = { port: 1 };
    expect(Object.isFrozen(resolveOptions(schema, { flags }))).toBe(true);
    expect(Object.isFrozen(flags)).toBe(false);
    expect(flags).toEqual({ port: 1 });
  });

  it.each([
    ['a flag', () => parseFlags(schema, ['--prot', '1']), /--prot.*--port/u],
    ['a variable', () => resolveOptions(schema, { environment: { BLUEWATERS_PROT: '1' } }), /PROT.*BLUEWATERS_PORT/u],
    ['an entry of a file', () => resolveOptions(schema, { file: file({ prot: 1 }) }), /options.json.*prot.*port/u],
  ])('refuses %s that is unknown and names the nearest known one', (_what, read, message) => {
    expect(read).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }));
  });

  it.each([
    [{ flags: { port: 70000 } }, '--port'],
    [{ environment: { BLUEWATERS_PORT: '70000' } }, 'BLUEWATERS_PORT'],
    [{ environment: { BLUEWATERS_PORT: 'many' } }, 'BLUEWATERS_PORT'],
    [{ environment: { BLUEWATERS_VERBOSE: 'perhaps' } }, 'BLUEWATERS_VERBOSE'],
    [{ file: file({ port: '8501' }) }, 'port'],
  ])('names the place that a wrong value came from: %j', (sources, field) => {
    expect(() => resolveOptions(schema, sources)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', details: expect.objectContaining({ field }) }),
    );
  });

  it('names a required option that nobody gave', () => {
    expect(() => resolveOptions(z.strictObject({ storeAt: z.string() }), {})).toThrow(/--store-at is missing/u);
  });

  it('lets a variable addressed to one service go before the general one, and ignores those for other services', () => {
    const environment = { BLUEWATERS_PORT: '1', BLUEWATERS_INFERENCE_PORT: '2', BLUEWATERS_TRAINING_EPOCHS: '9' };
    expect(resolveOptions(schema, { environment, service: 'inference' }).port).toBe(2);
    expect(resolveOptions(schema, { environment, service: 'shards' }).port).toBe(1);
  });

  it('refuses a variable addressed to this service that it does not know', () => {
    const environment = { BLUEWATERS_INFERENCE_PROT: '2' };
    expect(() => resolveOptions(schema, { environment, service: 'inference' })).toThrow(/BLUEWATERS_INFERENCE_PORT/u);
  });

  it('ignores options of sister programs that are declared, and variables that are no options', () => {
    const sources = {
      environment: { BLUEWATERS_EPOCHS: '3', BLUEWATERS_DATA: '/data', BLUEWATERS_MINIO_SECRET_KEY: 'x', HOME: '/' },
      file: file({ epochs: 3 }),
      alsoKnown: ['epochs'],
    };
    expect(resolveOptions(schema, sources).port).toBe(8501);
  });

  it('ignores every variable that set-up and the tests have, which services inherit', () => {
    const folder = new URL('../../../tools/setup/src/', import.meta.url);
    const sources = readdirSync(folder).filter((name) => name.endsWith('.mjs'));
    const text = sources.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
    const variables = new Set(text.match(/BLUEWATERS_[A-Z_]+/gu));
    expect(variables.size).toBeGreaterThan(10);
    const environment = Object.fromEntries([...variables].map((name) => [name, 'x']));
    expect(resolveOptions(schema, { environment }).port).toBe(8501);
  });
});

describe('parseFlags', () => {
  it('reads both forms of a boolean, and adds up a repeated list', () => {
    expect(parseFlags(schema, ['--no-verbose'])).toEqual({ verbose: false });
    expect(parseFlags(schema, ['--verbose=false', '--synsets', 'a', '--synsets', 'b,c'])).toEqual({
      verbose: false,
      synsets: ['a', 'b', 'c'],
    });
  });

  it.each([[['stray']], [['--port']], [['--no-port']], [['--verbose', 'stray']], [['-p', '1']]])(
    'refuses %j',
    (argv) => {
      expect(() => parseFlags(schema, argv)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    },
  );
});

describe('describeOptions', () => {
  it('shows every option with flag, variable, meaning and default', () => {
    const help = describeOptions('inference', schema);
    expect(help).toMatch(/--port +BLUEWATERS_PORT +where it listens; default 8501/u);
    expect(help).toMatch(/--max-body-bytes +BLUEWATERS_MAX_BODY_BYTES +default 1000/u);
    expect(help).toContain('--config');
  });
});
