/** What a user asks of `aprun`. */
import { Refusal } from './refusal.mjs';

/**
 * One program of an application; several are an MPMD application, whose processes share one MPI_COMM_WORLD.
 *
 * @typedef {object} Segment
 * @property {number} pes `-n`: processes, which ALPS calls processing elements.
 * @property {number} [perNode] `-N`.
 * @property {number} depth `-d`: cores of each.
 * @property {readonly string[]} [hosts] `-L`: the nodes to take.
 * @property {readonly string[]} command
 */

/** Letters with a value that a cluster without Cray's cores and memories may pass over; Cray's manual describes them. */
const PASSED_OVER = ['-cc', '-S', '-j', '-sn', '-sl', '-m', '-t', '-r', '-p'];
/** Letters that take a count. */
const COUNTS = new Map(
  /** @type {const} */ ([
    ['-n', 'pes'],
    ['-N', 'perNode'],
    ['-d', 'depth'],
  ]),
);
const FLAGS = ['-b', '-q', '-ss', '-R', '-T', '-k'];

/**
 * @param {readonly string[]} args As on the command line.
 * @returns {{ segments: readonly Segment[], environment: Record<string, string> }} The environment by `-e`.
 * @throws {Refusal} For options that aprun does not have, or this stand-in for it.
 */
export function readSegments(args) {
  /** @type {Record<string, string>} */
  const environment = {};
  /** @type {Segment[]} */
  const segments = [];
  let rest = args;
  do {
    const end = rest.indexOf(':');
    segments.push(readSegment(end < 0 ? rest : rest.slice(0, end), environment));
    rest = end < 0 ? [] : rest.slice(end + 1);
    if (end >= 0 && rest.length === 0) throw new Refusal('no program after the last colon');
  } while (rest.length > 0);
  return { segments, environment };
}

/**
 * @param {readonly string[]} args
 * @param {Record<string, string>} environment To which `-e NAME=VALUE` adds.
 * @returns {Segment}
 */
function readSegment(args, environment) {
  /** @type {{ -readonly [K in keyof Segment]: Segment[K] }} */
  const segment = { pes: 1, depth: 1, command: [] };
  let index = 0;
  for (; index < args.length && args[index]?.startsWith('-'); index += 1) {
    const word = args[index] ?? '';
    if (word === '--') {
      index += 1;
      break;
    }
    if (FLAGS.includes(word)) continue;
    const [, letter = word, attached] = /^(-[nNd])(\d+)$/u.exec(word) ?? [];
    const value = attached ?? args[(index += 1)] ?? '';
    take(segment, environment, { letter, value });
  }
  segment.command = args.slice(index);
  if (segment.command.length === 0) throw new Refusal('no program is given');
  return segment;
}

/**
 * @param {{ -readonly [K in keyof Segment]: Segment[K] }} segment
 * @param {Record<string, string>} environment
 * @param {{ readonly letter: string, readonly value: string }} option
 */
function take(segment, environment, { letter, value }) {
  const counted = COUNTS.get(/** @type {'-n'} */ (letter));
  if (counted) segment[counted] = count(letter, value);
  else if (letter === '-L') segment.hosts = readHosts(value);
  else if (letter === '-e') Object.assign(environment, readVariable(value));
  else if (!PASSED_OVER.includes(letter)) throw new Refusal(`option ${letter} is not known here`);
}

/**
 * @param {string} letter
 * @param {string} text
 */
function count(letter, text) {
  if (!/^[1-9]\d*$/u.test(text)) throw new Refusal(`${letter} takes a count, not ${text || 'nothing'}`);
  return Number(text);
}

/** @param {string} text `12,14-16` */
function readHosts(text) {
  return text.split(',').flatMap((range) => {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/u.exec(range) ?? [];
    if (from === undefined || Number(to) < Number(from)) throw new Refusal(`-L takes numbers of nodes, not ${range}`);
    const length = Number(to) - Number(from) + 1;
    return Array.from({ length }, (_, n) => `nid${String(Number(from) + n).padStart(5, '0')}`);
  });
}

/** @param {string} text `NAME=VALUE` */
function readVariable(text) {
  const [, name, value = ''] = /^([A-Za-z_]\w*)=([\s\S]*)$/u.exec(text) ?? [];
  if (name === undefined) throw new Refusal(`-e takes NAME=VALUE, not ${text}`);
  return { [name]: value };
}
