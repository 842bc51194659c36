import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as messages from '@bluewaters/messages';
import { answers, freePort, temporaryDirectory, until } from '@bluewaters/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { withoutOptions } from './support/cli.js';
import {
  commandsIn,
  linksIn,
  listPages,
  markedBlock,
  readPage,
  ROOT,
  tableIn,
  type Commands,
} from './support/pages.js';
import { writeArchive } from './support/pictures.js';

const pages = listPages();

/** Pages that people copy commands from. */
const guides = pages.filter((page) =>
  /^(README|docs\/(operations|blue-waters|delta|machines)|(libs\/[^/]+|pbs|tools\/dev-cluster)\/README)\.md$/u.test(
    page,
  ),
);
const blocks = guides.flatMap(commandsIn);

/** Names in `<!-- run: NAME -->` that this file has a test for. */
const RUN_BELOW = ['one command', 'steps', 'serve'];

/** … and those of other files, which run what the page says. */
const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  'back up': 'test/backup.spec.ts',
  restore: 'test/backup.spec.ts',
  'back up a part': 'test/backup.spec.ts',
  'back up containers': 'test/backup.containers.spec.ts',
  'restore containers': 'test/backup.containers.spec.ts',
};

const marked = (name: string): Commands => markedBlock(blocks, name);

describe('commands in the pages', () => {
  it.each(blocks)('of $page are run, or say why not: $lines.0', ({ mark }) => {
    if (mark?.kind === 'run' && mark.text in RUN_ELSEWHERE) {
      expect(readFileSync(join(ROOT, RUN_ELSEWHERE[mark.text]!), 'utf8')).toContain(`'${mark.text}'`);
    } else if (mark?.kind === 'run') {
      expect(RUN_BELOW).toContain(mark.text);
    } else {
      expect(mark?.text).toMatch(/\S+ \S+/u);
      const tests = [...(mark?.text ?? '').matchAll(/[\w./-]+\.spec\.ts/gu)].map(([file]) => file);
      expect(tests.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    }
  });
});

/** Stands in where a machine has no curl; it knows what the pages ask of curl. */
const CURL = `#!/usr/bin/env node
const { readFileSync } = require('node:fs');
const { parseArgs } = require('node:util');
const { values, positionals } = parseArgs({ allowPositionals: true, options: {
  'data-binary': { type: 'string' }, header: { type: 'string', short: 'H' } } });
const [name, value] = values.header.split(': ');
fetch(positionals[0], { method: 'POST', headers: { [name]: value }, body: readFileSync(values['data-binary'].slice(1)) })
  .then(async (response) => process.stdout.write(await response.text()));
`;

describe('the README, followed in a folder with an archive of one’s own', { timeout: 120_000 }, () => {
  let directory: string;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    await writeArchive(directory);
    await shell('gzip --keep Images.tar', process.env);
    // So that npx finds the command as it does in the repository.
    await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
    await mkdir(join(directory, 'stand-ins'));
    await writeFile(join(directory, 'stand-ins/curl'), CURL);
    await chmod(join(directory, 'stand-ins/curl'), 0o755);
    const { PATH } = process.env;
    environment = { ...withoutOptions(process.env), PATH: `${PATH}:${join(directory, 'stand-ins')}` };
  });

  interface ShellEnded {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }

  interface ShellRunning {
    readonly ended: Promise<ShellEnded>;
    /** Signals every process of the line, as a shell's `kill %1` does. */
    kill(): void;
  }

  function startShell(line: string, env = environment): ShellRunning {
    const child = spawn('bash', ['-c', line.replace(/^npx /u, 'npx --no-install ')], {
      cwd: directory,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (bytes: Buffer) => (output.stdout += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (output.stderr += bytes.toString()));
    const ended = new Promise<ShellEnded>((resolve) => child.once('close', (code) => resolve({ code, ...output })));
    const kill = (): void => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-Number(child.pid), 'SIGTERM');
    };
    return { ended, kill };
  }

  const shell = (line: string, env?: NodeJS.ProcessEnv): Promise<ShellEnded> => startShell(line, env).ended;

  it('goes from an archive to a right answer step by step', async () => {
    const answers: string[] = [];
    for (const line of marked('steps').lines) {
      const { code, stdout, stderr } = await shell(line);
      expect(code, `${line}\n${stderr}`).toBe(0);
      answers.push(stdout);
    }
    expect(answers.at(-2)).toMatch(/pictures +108 +12\n/u);
    expect(answers.at(-1)).toMatch(/picture\.jpg +fish 1 +n01443537 +[\d.]+ %/u);
  });

  it('serves the model until it is told to end', async () => {
    const port = String(await freePort());
    const [serve = '', ask = ''] = marked('serve').lines.map((line) => line.replace('8501', port));
    const ready = (): Promise<boolean> => answers(`http://127.0.0.1:${port}/v2/health/ready`);
    const serving = startShell(serve);
    try {
      await until('the model to be served', ready, 60_000);
      const { code, stdout } = await shell(ask);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ model: 'pictures', predictions: [{ synset: 'n01443537' }, {}, {}] });
    } finally {
      serving.kill();
    }
    expect((await serving.ended).stderr).toContain('stopping');
    expect(await ready()).toBe(false);
  });

  it('does the same by one command', async () => {
    const [line = '', ...others] = marked('one command').lines;
    expect(others).toEqual([]);
    // The network's own recipe is for pictures that differ more, and takes longer.
    const recipe = { BLUEWATERS_LEARNING_RATE: '0.003', BLUEWATERS_BATCH: '24', BLUEWATERS_EPOCHS: '4' };
    const { code, stdout, stderr } = await shell(line, { ...environment, ...recipe });
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('How to go on');
    expect(stderr).toMatch(/training: .* 100\.00 % right on 12 held-out images/u);
  });
});

describe('every page', () => {
  it('is searched for links', () => expect(pages.flatMap(linksIn).length).toBeGreaterThan(20));

  it.each(pages)('%s links to files that exist', (page) => {
    const broken = linksIn(page).filter((target) => !existsSync(join(ROOT, dirname(page), target)));
    expect(broken).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  const PAGE = 'docs/architecture.md';

  it('names every package that there is, and none that there is not', async () => {
    const named = [...readPage(PAGE).matchAll(/\b(?:libs|services|tools)\/[a-z-]+\b/gu)].map(([folder]) => folder);
    const groups = ['libs', 'services', 'tools'];
    const there = await Promise.all(
      groups.map(async (group) => (await readdir(join(ROOT, group))).map((name) => `${group}/${name}`)),
    );
    expect([...new Set(named)].sort()).toEqual(there.flat().sort());
  });

  it('lists every message with its kind, and none that there is not', () => {
    const listed = tableIn(PAGE, 'subject').flatMap(([subjects = '', kind = '']) =>
      [...subjects.matchAll(/`([^`]+)`/gu)].map(([, name = '']) => `${name}: ${kind.replace(/s$/u, '')}`),
    );
    const defined = Object.values(messages).filter((value) => typeof value === 'object' && 'kind' in value);
    const names = defined.map((one) => `${one.kind === 'state' ? one.bucket : one.subject}: ${one.kind}`);
    expect(listed.sort()).toEqual(names.sort());
  });
});

describe('docs/glossary.md', () => {
  it('gives each word once', () => {
    const words = tableIn('docs/glossary.md', 'word').flatMap(([cell = '']) => cell.toLowerCase().split(', '));
    expect(words.length).toBeGreaterThan(20);
    expect(words.filter((word, index) => words.indexOf(word) !== index)).toEqual([]);
  });
});
