/** What every package of the lock file has to hold to, whatever is known of it: this asks nobody. */

/**
 * @typedef {object} Locked What the lock file says of a package.
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {string} [resolved]
 * @property {boolean} [link]
 * @property {boolean} [dev]
 * @property {boolean} [hasInstallScript]
 * @property {{ node?: string }} [engines]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {Record<string, string>} [peerDependencies]
 */

/** @typedef {Readonly<Record<string, Locked>>} Packages By the folder that each is installed in. */

/**
 * Packages that would run a program when they are installed. `.npmrc` lets none, and each works without: native parts are
 * packages of their own, set-up builds tfjs's, and the rest looks or asks for something.
 */
const INSTALL_SCRIPTS = [
  '@tensorflow/tfjs-node-gpu',
  'core-js',
  'cpu-features',
  'esbuild',
  'koffi',
  'nx',
  'protobufjs',
  'ssh2',
  'unrs-resolver',
];

/** Beside what our own packages name: they write where an archive tells them to. */
const ALSO_ONCE = ['tar', 'adm-zip'];
/** The converter of tfjs, which nothing calls, brings an old one. */
const MAY_BE_TWICE = ['yargs'];

const OF_TESTS = 'libs/testing';

/** Of Node.js 20 the first that every part says it is made for; on older ones, as on 16, tests show what runs. */
const NODE = '20.19.0';

/**
 * @param {Packages} packages
 * @returns {string[]} What stands against them, a line each.
 */
export function objectionsTo(packages) {
  const fetched = Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && !link);
  return [
    ...fetched.flatMap(([path, entry]) => unpinned(entry).map((what) => `${path}: ${what}`)),
    ...Object.entries(packages).flatMap(([path, entry]) => foreign(entry).map((what) => `${path || '.'}: ${what}`)),
    ...scripts(fetched),
    ...twice(packages, fetched),
    ...fetched.flatMap(([path, entry]) => misfits(entry).map((what) => `${path}: ${what}`)),
  ];
}

/** @param {Locked} entry @returns {string[]} */
function unpinned({ version = '', integrity = '', resolved }) {
  return [
    ...(/^\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/u.test(version) ? [] : [`expected one version, got ${version || 'none'}`]),
    ...(/^sha512-[A-Za-z0-9+/]{86}==$/u.test(integrity) ? [] : [`expected a SHA-512, got ${integrity || 'nothing'}`]),
    ...(/^https:\/\/[^?#]+\.tgz$/u.test(resolved ?? 'https://registry/any.tgz') ? [] : [`comes from ${resolved}`]),
  ];
}

/** A package that a repository, an address or a folder is asked for comes past every registry. @param {Locked} entry */
function foreign({ dependencies, optionalDependencies, peerDependencies }) {
  return Object.entries({ ...peerDependencies, ...optionalDependencies, ...dependencies })
    .filter(([, asked]) => /[:/]/u.test(asked.replace(/^npm:(?:@[\w.-]+\/)?[\w.-]+@/u, '')))
    .map(([name, asked]) => `asks for ${name} from ${asked}`);
}

/** @param {readonly [string, Locked][]} fetched */
function scripts(fetched) {
  const found = new Set(fetched.filter(([, entry]) => entry.hasInstallScript).map(([path]) => nameOf(path)));
  return [
    ...[...found].filter((name) => !INSTALL_SCRIPTS.includes(name)).map((name) => `${name} has an install script`),
    ...INSTALL_SCRIPTS.filter((name) => !found.has(name)).map((name) => `${name} has no install script any more`),
  ];
}

/**
 * What is there in two versions is mended once and forgotten once.
 *
 * @param {Packages} packages
 * @param {readonly [string, Locked][]} fetched
 */
function twice(packages, fetched) {
  const ours = Object.entries(packages).filter(([path]) => !path.includes('node_modules/') && path !== OF_TESTS);
  const named = ours.flatMap(([, { dependencies }]) => Object.keys(dependencies ?? {}));
  return [...new Set([...named, ...ALSO_ONCE])].flatMap((name) => {
    const running = fetched.filter(([path, { dev }]) => nameOf(path) === name && !dev);
    const versions = [...new Set(running.map(([, { version }]) => version))];
    const isFit = versions.length <= 1 || MAY_BE_TWICE.includes(name);
    return isFit ? [] : [`${name} runs in ${versions.length} versions: ${versions.join(', ')}`];
  });
}

/** @param {Locked} entry @returns {string[]} */
function misfits({ dev, engines }) {
  const range = engines?.node;
  return dev || range === undefined || allows(range, NODE) ? [] : [`wants Node.js ${range}`];
}

/** The package in a folder. @param {string} path */
export const nameOf = (path) => path.split('node_modules/').at(-1) ?? path;

/**
 * @param {string} range As packages write it for Node.js: `>=18`, `^16 || ^18 || >=20`, `6.* || >= 10.x`, `*`.
 * @param {string} version
 * @returns {boolean} False also for a range that is written in another way.
 */
export function allows(range, version) {
  return range.split('||').some((part) => {
    const [, operator = '', text = ''] = /^\s*(>=|\^)?\s*v?([\dx*]+(?:\.[\dx*]+)*)\s*$/u.exec(part) ?? [];
    const asked = text.split('.').filter((digits) => /^\d+$/u.test(digits));
    const have = version.split('.').map(Number);
    if (text === '') return false;
    const differs = asked.findIndex((digits, index) => Number(digits) !== have[index]);
    if (operator === '') return differs === -1;
    const isNewer = differs === -1 || (have[differs] ?? 0) > Number(asked[differs]);
    return isNewer && (operator === '>=' || differs !== 0);
  });
}
