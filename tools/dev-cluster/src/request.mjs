/** What a user asks of `qsub`: its options, and the same in the script's `#PBS` lines. */
import { Refusal } from './refusal.mjs';
import { wordsOf } from './words.mjs';

/**
 * Nodes of one kind.
 *
 * @typedef {object} NodeGroup
 * @property {number} count
 * @property {number} cores `ppn`, of each.
 * @property {readonly string[]} features Such as `xk`.
 */

/**
 * A job as it was asked for.
 *
 * @typedef {object} JobRequest
 * @property {string} name
 * @property {readonly NodeGroup[]} nodes
 * @property {number} [walltime] In seconds.
 * @property {readonly string[]} gres Such as `shifter`.
 * @property {string} [signal] Sent ahead of the end, `TERM@60`.
 * @property {string} [queue]
 * @property {string} [account]
 * @property {boolean} held
 * @property {boolean} rerunnable
 * @property {readonly string[]} dependencies `afterok:12`.
 * @property {boolean} wholeEnvironment `-V`.
 * @property {Readonly<Record<string, string | undefined>>} variables By `-v`; undefined where only the name was given.
 * @property {string} [output] A file, or a folder.
 * @property {string} [errors]
 * @property {string} [join] `oe`: both in the output file.
 * @property {string} [shell]
 */

const FLAGS = 'hV';
const WITH_VALUE = 'AejlNoqrSvW';
const REPEATED = 'lvW';
const DEPENDENCIES = /^(?:after|afterok|afternotok|afterany)(?::\d+(?:\.\w+)?)+$/u;

/** @typedef {Record<string, string[]>} Options Values by letter, in the order given. */

/**
 * @param {readonly string[]} args As on the command line.
 * @returns {{ options: Options, rest: readonly string[] }}
 * @throws {Refusal} For options that PBS does not have, or this stand-in for it.
 */
export function readOptions(args) {
  /** @type {Options} */
  const options = {};
  let index = 0;
  for (; index < args.length; index += 1) {
    const [dash, letter = '', ...attached] = args[index] ?? '';
    if (dash !== '-' || letter === '') break;
    const isFlag = FLAGS.includes(letter);
    if (!isFlag && !WITH_VALUE.includes(letter)) throw new Refusal(`option -${letter} is not known here`);
    if (isFlag && attached.length > 0) throw new Refusal(`option -${letter} takes no value: ${args[index]}`);
    const value = isFlag ? '' : attached.join('') || args[(index += 1)];
    if (value === undefined) throw new Refusal(`option -${letter} needs a value`);
    options[letter] = REPEATED.includes(letter) ? [...(options[letter] ?? []), value] : [value];
  }
  return { options, rest: args.slice(index) };
}

/**
 * Options in a script: in lines that begin with `#PBS`, above its first command.
 *
 * @param {string} script
 * @returns {Options}
 * @throws {Refusal}
 */
export function readDirectives(script) {
  /** @type {string[]} */
  const words = [];
  for (const line of script.split('\n')) {
    if (line.startsWith('#PBS')) words.push(...wordsOf(line.slice(4).replace(/\s#.*$/u, '')));
    else if (line.trim() !== '' && !line.startsWith('#')) break;
  }
  const { options, rest } = readOptions(words);
  if (rest.length > 0) throw new Refusal(`a #PBS line has more than options: ${rest[0]}`);
  return options;
}

/**
 * @param {Options} directives Of the script.
 * @param {Options} given On the command line; they go before those of the script.
 * @param {string} scriptName
 * @returns {JobRequest}
 * @throws {Refusal} For resources, dependencies and the like that are not understood: none is passed over in silence.
 */
export function readRequest(directives, given, scriptName) {
  /** @param {string} letter */
  const all = (letter) => [...(directives[letter] ?? []), ...(given[letter] ?? [])];
  /** @param {string} letter */
  const last = (letter) => all(letter).at(-1);
  return {
    ...{ name: last('N') ?? scriptName, queue: last('q'), account: last('A'), shell: last('S') },
    ...{ output: last('o'), errors: last('e'), join: last('j') },
    held: last('h') !== undefined,
    rerunnable: last('r') !== 'n',
    wholeEnvironment: last('V') !== undefined,
    variables: Object.fromEntries(all('v').flatMap(readVariables)),
    dependencies: all('W').flatMap(readDependencies),
    ...readResources(all('l')),
  };
}

/**
 * @param {readonly string[]} lists Values of `-l`; of a resource that was given twice the last counts.
 * @returns {Pick<JobRequest, 'nodes' | 'walltime' | 'gres' | 'signal'>}
 */
function readResources(lists) {
  /** @type {{ -readonly [K in 'nodes' | 'walltime' | 'gres' | 'signal']: JobRequest[K] }} */
  const resources = { nodes: [{ count: 1, cores: 1, features: [] }], gres: [] };
  for (const text of lists.flatMap((list) => list.split(/,(?=[a-z]+=)/u))) {
    const [, name = '', value = ''] = /^(\w+)=(.+)$/u.exec(text) ?? [];
    if (name === 'nodes') resources.nodes = value.split('+').map(readNodeGroup);
    else if (name === 'walltime') resources.walltime = readSeconds(value);
    else if (name === 'gres') resources.gres = value.split(/[%+,]/u);
    else if (name === 'signal') resources.signal = readSignal(value);
    else throw new Refusal(`resource ${text} is not known here`);
  }
  return resources;
}

/**
 * @param {string} text `4:ppn=16:xk`
 * @returns {NodeGroup}
 */
function readNodeGroup(text) {
  const [count = '', ...properties] = text.split(':');
  const cores = properties.flatMap((property) => /^ppn=(\d+)$/u.exec(property)?.[1] ?? []);
  const features = properties.filter((property) => /^[a-z]\w*$/u.test(property));
  if (!/^[1-9]\d*$/u.test(count) || cores.length + features.length < properties.length || cores.length > 1) {
    throw new Refusal(`nodes=${text} is not understood; as in nodes=4:ppn=16:xk`);
  }
  return { count: Number(count), cores: Number(cores[0] ?? 1), features };
}

/** @param {string} text `hh:mm:ss` or less of it. */
function readSeconds(text) {
  if (!/^(?:\d+:){0,3}\d+$/u.test(text)) throw new Refusal(`walltime=${text} is not understood; as in 12:00:00`);
  const units = [1, 60, 3600, 86_400];
  const parts = text.split(':').map(Number).reverse();
  return parts.reduce((sum, part, index) => sum + part * (units[index] ?? 0), 0);
}

/** @param {string} text `SIGTERM@60` */
function readSignal(text) {
  const [, name, seconds = '60'] = /^(?:SIG)?([A-Z]+\d?)(?:@(\d+))?$/u.exec(text) ?? [];
  if (name === undefined) throw new Refusal(`signal=${text} is not understood; as in SIGTERM@60`);
  return `${name}@${seconds}`;
}

/**
 * @param {string} list `A=1,B=x,2,C`: a comma within a value is one that no name follows.
 * @returns {[string, string | undefined][]}
 */
function readVariables(list) {
  return list.split(/,(?=[A-Za-z_]\w*(?:=|,|$))/u).map((text) => {
    const [, name = '', , value] = /^([A-Za-z_]\w*)(=([\s\S]*))?$/u.exec(text) ?? [];
    if (name === '') throw new Refusal(`-v ${text} is not understood; as in -v NAME=VALUE`);
    return [name, value?.replace(/^(['"])([\s\S]*)\1$/u, '$2')];
  });
}

/** @param {string} text `depend=afterok:12.bw` */
function readDependencies(text) {
  const [, list] = /^depend=(.+)$/u.exec(text) ?? [];
  const dependencies = list?.split(',') ?? [];
  if (dependencies.length === 0 || !dependencies.every((each) => DEPENDENCIES.test(each))) {
    throw new Refusal(`-W ${text} is not known here; as in -W depend=afterok:12.bw`);
  }
  return dependencies.map((each) => each.replace(/\.\w+/gu, ''));
}
