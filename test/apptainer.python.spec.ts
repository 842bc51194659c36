import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@bluewaters/testing';
import { describe, expect, it } from 'vitest';
import { ROOT } from './support/pages.js';
import { runPython } from './support/python.js';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

/** What spython's own parser of definition files makes of one. */
interface Recipe {
  readonly bootstrap: string;
  readonly fromHeader: string;
  readonly labels: readonly string[];
  /** The runscript, where it has one line. */
  readonly cmd: string;
  readonly test: string;
  /** `%post`, and lines that write the script of `%test`. */
  readonly install: readonly string[];
  readonly environ: readonly string[];
  /** `%help`, line by line, and comments. */
  readonly comments: readonly string[];
}

/** Of the bootstraps spython lets Docker's through alone, by this one method; it parses the others as well. */
const PARSE = `
from spython.main.parse.parsers import SingularityParser
class Parser(SingularityParser):
    def _check_bootstrap(self, line):
        self.bootstrap = line.split(':')[1].strip()
parser = Parser(sys.argv[1])
(layer, recipe), = parser.recipe.items()
print(json.dumps({'bootstrap': parser.bootstrap, **recipe.json()}))
`;

/** A file as Apptainer reads it: with values for what stands in braces, and those of `%arguments` where none is given. */
async function parse(name: string, given: Readonly<Record<string, string>> = {}): Promise<Recipe> {
  const text = await readFile(join(ROOT, `containers/apptainer/${name}.def`), 'utf8');
  const [, section = ''] = /^%arguments\n((?: .*\n)*)/mu.exec(text) ?? [];
  const defaults = Object.fromEntries([...section.matchAll(/^ +(\w+)=(.*)$/gmu)].map(([, key, value]) => [key, value]));
  const values: Readonly<Record<string, string>> = { ...defaults, ...given };
  const file = join(await temporaryDirectory(), `${name}.def`);
  await writeFile(
    file,
    text.replace(/\{\{\s*(\w+)\s*\}\}/gu, (braces, key: string) => values[key] ?? braces),
  );
  return (await runPython<Recipe>(PARSE, [file])).value;
}

describe('a definition file for Apptainer, as spython parses it', { timeout: 60_000 }, () => {
  it.each([
    ['bluewaters', {}, 'docker-daemon', `bluewaters/cli:${version}`],
    ['registry', { PROJECT: 'registry.example.org/ncsa' }, 'docker', `registry.example.org/ncsa/bluewaters:${version}`],
    ['site', {}, 'localimage', 'bluewaters.sif'],
  ])('%s.def with %j builds from %s: %s', async (name, given, bootstrap, fromHeader) => {
    const recipe = await parse(name, given);
    expect(recipe).toMatchObject({ bootstrap, fromHeader, test: '/bin/bash /tests.sh' });
    expect(recipe.cmd).toMatch(/^exec node \/opt\/bluewaters\/\S+\/bluewaters\.mjs "\$@"$/u);
    expect(recipe.labels).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^org\.opencontainers\.image\.title bluewaters$/u),
        `org.opencontainers.image.version ${version}`,
        'org.opencontainers.image.licenses Apache-2.0',
      ]),
    );
    // How to build it stands in its help.
    expect(recipe.comments.join('\n')).toMatch(
      new RegExp(`^# apptainer build .*containers/apptainer/${name}\\.def$`, 'mu'),
    );
    expect(recipe.environ.length).toBeGreaterThan(0);
  });

  it('tests that the command and TensorFlow are in the image, and at a site that its folders are', async () => {
    const tested = async (name: string): Promise<string[]> =>
      (await parse(name)).install.flatMap((line) => /^echo "(.*)" >> \/tests\.sh$/u.exec(line)?.[1] ?? []);
    const whole = [
      expect.stringMatching(/^node \/opt\/bluewaters\/\S+ networks ls >\/dev\/null$/u),
      'test -e /opt/tensorflow/libtensorflow_cc.so.2',
    ];
    expect(await tested('bluewaters')).toEqual(whole);
    expect(await tested('registry')).toEqual(whole);
    expect(await tested('site')).toEqual(['test -d /mnt/a -a -d /projects']);
    expect((await parse('site')).install[0]).toMatch(/^mkdir -p .*\/mnt\/a .*\/projects/u);
  });

  it('from a registry takes the build for GPUs by an argument, and has no registry of its own', async () => {
    const given = { PROJECT: 'registry.example.org/ncsa', VERSION: `${version}-gpu` };
    const { fromHeader, labels } = await parse('registry', given);
    expect(fromHeader).toBe(`registry.example.org/ncsa/bluewaters:${version}-gpu`);
    expect(labels).toContain(`org.opencontainers.image.version ${version}-gpu`);
    expect((await parse('registry')).fromHeader).toContain('{{ project }}');
  });
});
