/** The proof that Grafana's own server takes what compose gives it, and shows what services tell. */
import { execFile } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual, promisify } from 'node:util';
import { freePort } from '../../../libs/testing/dist/servers/free-port.js';
import { syntheticJpeg } from '../../../libs/testing/dist/synthetic/jpeg.js';
import { until } from '../../../libs/testing/dist/until.js';
import { requireEngine } from './built-images.mjs';
import { getGrafana } from './grafana-server.mjs';
import { demand, REPOSITORY } from './support.mjs';

const run = promisify(execFile);
/** For the quickstart, and for Prometheus to hear of its end. */
const VALUES_MS = 600_000;
const IMAGE = 'bluewaters-stand-in/grafana';
/** The places, the user and the start of Grafana's public image. */
const DOCKERFILE = `
FROM debian:bookworm-slim
RUN apt-get update && apt-get install --yes --no-install-recommends wget && rm -rf /var/lib/apt/lists/* \\
 && useradd --uid 472 --gid 0 --no-create-home grafana \\
 && install --directory --owner=grafana /var/lib/grafana /var/lib/grafana/plugins /var/log/grafana
COPY conf /usr/share/grafana/conf
COPY public /usr/share/grafana/public
COPY conf/sample.ini /etc/grafana/grafana.ini
COPY grafana /usr/share/grafana/bin/grafana
COPY run.sh /run.sh
RUN chmod 755 /run.sh
ENV PATH=/usr/share/grafana/bin:/usr/local/bin:/usr/bin:/bin GF_PATHS_CONFIG=/etc/grafana/grafana.ini \\
    GF_PATHS_HOME=/usr/share/grafana GF_PATHS_DATA=/var/lib/grafana GF_PATHS_PLUGINS=/var/lib/grafana/plugins \\
    GF_PATHS_LOGS=/var/log/grafana GF_PATHS_PROVISIONING=/etc/grafana/provisioning
WORKDIR /usr/share/grafana
USER 472
ENTRYPOINT ["/run.sh"]
`;

/** @typedef {{ uid: string, panels: { title: string, targets?: { refId: string, expr: string }[] }[] }} Dashboard */

/** @param {string} folder */
export async function grafana(folder) {
  requireEngine();
  const environment = await composed(folder);
  await buildImage(await getGrafana(), folder);
  const compose = (/** @type {string} */ line) =>
    run('bash', ['-c', `docker compose --profile metrics ${line}`], { cwd: REPOSITORY, env: environment });
  /** @type {Dashboard} */
  const dashboard = JSON.parse(await readFile(join(REPOSITORY, 'containers/metrics/bluewaters.json'), 'utf8'));
  const ask = asker(`http://127.0.0.1:${environment['GRAFANA_PORT']}`);
  try {
    await compose('up --detach --wait');
    await demandDashboard(ask, dashboard);
    await demandStandstill(ask, dashboard);
    const picture = await syntheticJpeg({ width: 28, height: 28, channels: 1, seed: 1 });
    const model = `http://127.0.0.1:${environment['INFERENCE_PORT']}/v1/models/mnist/image`;
    const [queries] = await Promise.all([
      demandValues(ask, dashboard, () => fetch(model, { method: 'POST', body: picture }).catch(() => undefined)),
      compose('run --rm cli run --quickstart --epochs 2 --minimum-accuracy 0.9'),
    ]);
    const { body: health } = await ask('/api/health');
    return `Grafana ${health.version} on what compose gives it: its first page is our dashboard to the last field; while the quickstart ran inside, each of ${queries} queries of its panels was answered with values; a stranger may change nothing`;
  } finally {
    await compose('down --volumes --timeout 20');
  }
}

/** Makes images and secrets ready. @param {string} folder @returns {Promise<NodeJS.ProcessEnv>} For `docker compose`. */
async function composed(folder) {
  const { stdout } = await run('bash', ['-c', 'containers/stand-in-images.sh && containers/build.sh >&2'], {
    cwd: REPOSITORY,
  });
  const standIns = stdout.split('\n').filter(Boolean);
  const environment = {
    ...process.env,
    ...Object.fromEntries(standIns.map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)])),
    COMPOSE_PROJECT_NAME: `bluewaters-grafana-${process.pid}`,
    SECRETS_FOLDER: join(folder, 'secrets'),
    GRAFANA_IMAGE: IMAGE,
  };
  for (const name of ['INFERENCE_PORT', 'CONSOLE_PORT', 'PAGE_PORT', 'GRAFANA_PORT']) {
    Object.assign(environment, { [name]: String(await freePort()) });
  }
  await run('containers/make-secrets.sh', { cwd: REPOSITORY, env: environment });
  return environment;
}

/** @param {string} home @param {string} folder */
async function buildImage(home, folder) {
  const context = join(folder, 'grafana');
  await cp(home, context, { recursive: true });
  await writeFile(join(context, 'Dockerfile'), DOCKERFILE);
  await run('docker', ['build', '--tag', IMAGE, context], { env: { ...process.env, DOCKER_BUILDKIT: '0' } });
}

/** @typedef {(path: string, body?: object) => Promise<{ status: number, body: any }>} Ask */

/** @param {string} address @returns {Ask} With a body it sends it. */
function asker(address) {
  return async (path, body) => {
    const sent = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(`${address}${path}`, body && sent);
    return { status: response.status, body: await response.json() };
  };
}

/** What Grafana read is what was written; it adds numbers of its own. @param {Ask} ask @param {Dashboard} ours */
async function demandDashboard(ask, ours) {
  const isOurs = (/** @type {any} */ theirs) =>
    Object.entries(ours).every(([field, value]) => isDeepStrictEqual(theirs?.[field], value));
  await until(
    'Grafana to read the dashboard',
    async () => (await ask(`/api/dashboards/uid/${ours.uid}`)).status === 200,
  );
  const { body } = await ask(`/api/dashboards/uid/${ours.uid}`);
  demand(isOurs(body.dashboard) && body.meta.provisioned && !body.meta.canSave, 'our dashboard, which stays as it is');
  const { body: home } = await ask('/api/dashboards/home');
  demand(isOurs(home.dashboard), 'our dashboard as the first page');
}

/** Whoever reaches the port may change nothing. @param {Ask} ask @param {Dashboard} ours */
async function demandStandstill(ask, ours) {
  const { status } = await ask('/api/dashboards/db', { dashboard: { ...ours, title: 'another' }, overwrite: true });
  demand(status === 401 || status === 403, `refusal of a change, got ${status}`);
}

/**
 * Sends every query of every panel, as Grafana's page would, until each has had values.
 *
 * @param {Ask} ask
 * @param {Dashboard} ours
 * @param {() => Promise<unknown>} use Of what is measured.
 * @returns {Promise<number>} How many there are.
 */
async function demandValues(ask, ours, use) {
  const queries = ours.panels.flatMap(({ targets = [] }) => targets);
  const empty = new Set(queries);
  const look = async () => {
    for (const query of empty) if (await hasValues(ask, query)) empty.delete(query);
    await Promise.all([use(), sleep(2000)]);
    return empty.size === 0;
  };
  await until('values', look, VALUES_MS).catch(() => {
    demand(false, `values of ${[...empty].map(({ expr }) => expr).join(', ')}`);
  });
  return queries.length;
}

/** @param {Ask} ask @param {{ refId: string, expr: string }} target */
async function hasValues(ask, target) {
  const query = { datasource: { type: 'prometheus', uid: 'prometheus' }, range: true, maxDataPoints: 100, ...target };
  const { status, body } = await ask('/api/ds/query', { queries: [query], from: 'now-5m', to: 'now' });
  demand(status === 200, `an answer to ${target.expr}, got ${status} ${JSON.stringify(body)}`);
  /** @type {{ data: { values: unknown[][] } }[]} Of times and what was measured then, each. */
  const frames = body.results[target.refId].frames;
  return frames.some(({ data }) => data.values[1]?.some((value) => typeof value === 'number'));
}
