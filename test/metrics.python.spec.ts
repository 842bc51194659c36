import { beforeAll, describe, expect, it } from 'vitest';
import { readPage } from './support/pages.js';
import { runPython } from './support/python.js';

const METRICS = 'containers/metrics';
const DASHBOARD = JSON.parse(readPage(`${METRICS}/bluewaters.json`)) as object;

/** What is written in YAML of Grafana: its container, and the files that it finds there. */
interface Given {
  readonly grafana: { readonly environment: Readonly<Record<string, string>>; readonly volumes: readonly string[] };
  readonly datasources: readonly { readonly uid: string; readonly type: string; readonly url: string }[];
  readonly providers: readonly { readonly options: { readonly path: string } }[];
}

const READ_FILES = `
import yaml
compose, datasources, dashboards = (yaml.safe_load(text) for text in sys.argv[1:])
print(json.dumps({'grafana': compose['services']['grafana'], **datasources, **dashboards}))
`;

/** Reads a dashboard into Grafana's own types, which drop what they do not know, and writes it again. */
const READ_DASHBOARD = `
if sys.version_info < (3, 11):
    print('null')
    sys.exit()
from importlib.util import find_spec
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
register_default_plugins()
given = json.loads(sys.argv[1])
kinds = sorted({panel['type'] for panel in given['panels']} - {'row'})
unknown = [kind for kind in kinds if not find_spec('grafana_foundation_sdk.models.' + kind)]
print(json.dumps({'unknown': unknown, 'again': json.loads(JSONEncoder().encode(Dashboard.from_json(given)))}))
`;

interface Read {
  /** Kinds of panels that Grafana does not have. */
  readonly unknown: readonly string[];
  readonly again: object;
}

/** By the types of Grafana 11.6, the newest that there are for Python; undefined where this Python is too old for them. */
async function readAgain(dashboard: object): Promise<Read | undefined> {
  return (await runPython<Read | null>(READ_DASHBOARD, [JSON.stringify(dashboard)])).value ?? undefined;
}

describe('the dashboard of compose, as Grafana reads it', { timeout: 60_000 }, () => {
  let given: Given;

  beforeAll(async () => {
    const files = ['containers/compose.yaml', `${METRICS}/datasource.yml`, `${METRICS}/dashboards.yml`].map(readPage);
    given = (await runPython<Given>(READ_FILES, files)).value;
  });

  it('has no field and no panel that Grafana does not know', async (context) => {
    const read = await readAgain(DASHBOARD);
    if (!read) return context.skip('Python is older than 3.11');
    expect(read.unknown).toEqual([]);
    // What Grafana adds are its defaults.
    expect(read.again).toMatchObject(DASHBOARD);
  });

  it('would be found out with a field that is written wrong, however deep', async (context) => {
    const text = JSON.stringify(DASHBOARD);
    for (const field of ['schemaVersion', 'gridPos', 'fieldConfig', 'unit', 'legendFormat']) {
      const wrong = JSON.parse(text.replace(`"${field}"`, `"${field}s"`)) as object;
      const read = await readAgain(wrong);
      if (!read) return context.skip('Python is older than 3.11');
      expect(read.again, field).not.toMatchObject(wrong);
    }
  });

  it('is where Grafana looks for it, and where its first page is', () => {
    const places = new Map(given.grafana.volumes.map((volume) => volume.split(':').slice(0, 2) as [string, string]));
    const home = given.grafana.environment['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH'] ?? '';
    expect(places.get('./metrics/bluewaters.json')).toBe(home);
    expect(given.providers.map(({ options }) => options.path)).toEqual([home.replace(/\/[^/]+$/u, '')]);
    expect(places.get('./metrics/datasource.yml')).toMatch(/^\/etc\/grafana\/provisioning\/datasources\/\w+\.yml$/u);
    expect(places.get('./metrics/dashboards.yml')).toMatch(/^\/etc\/grafana\/provisioning\/dashboards\/\w+\.yml$/u);
  });

  it('asks the one source of data that there is, which is the Prometheus beside it', () => {
    expect(given.datasources).toMatchObject([{ type: 'prometheus', url: 'http://prometheus:9090' }]);
    const asked = [...JSON.stringify(DASHBOARD).matchAll(/"datasource":(\{[^}]*\})/gu)].map(
      ([, source = '']) => source,
    );
    expect(asked.length).toBeGreaterThan(10);
    const { uid, type } = given.datasources[0] ?? {};
    expect(new Set(asked)).toEqual(new Set([JSON.stringify({ type, uid })]));
  });
});
