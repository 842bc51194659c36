/** Which node each process of an application runs on, as strictly as ALPS. */
import { Refusal } from './refusal.mjs';

/** @typedef {import('./segments.mjs').Segment} Segment */
/** @typedef {import('./seats.mjs').Seat} Seat */

/**
 * @param {readonly Segment[]} segments
 * @param {readonly Seat[]} seats The job's nodes, in its order.
 * @returns {string[][]} For each segment the host of each process.
 * @throws {Refusal} When there are too few nodes or cores, when a node is not the job's, and when two segments share one:
 *   a node runs one executable.
 */
export function place(segments, seats) {
  const named = segments.flatMap(({ hosts = [] }) => hosts);
  const free = seats.filter(({ host }) => !named.includes(host));
  const taken = new Set();
  return segments.map((segment) => {
    const chosen = segment.hosts?.map((host) => seatOf(host, seats)) ?? free.splice(0, wanted(segment, free));
    const perNode = processesPerNode(segment, chosen);
    for (const { host, cores } of chosen) {
      if (taken.has(host)) throw new Refusal(`${host} would run two executables: each segment has nodes of its own`);
      taken.add(host);
      if (perNode * segment.depth > cores) {
        throw new Refusal(
          `claim exceeds reservation's CPUs: ${perNode} x ${segment.depth} on ${host}, which has ${cores}`,
        );
      }
    }
    if (chosen.length * perNode < segment.pes) {
      throw new Refusal(`claim exceeds reservation's node-count: ${segment.pes} of ${segment.command[0]}`);
    }
    return Array.from({ length: segment.pes }, (_, n) => chosen[Math.floor(n / perNode)]?.host ?? '');
  });
}

/**
 * How many nodes a segment takes that names none.
 *
 * @param {Segment} segment
 * @param {readonly Seat[]} free
 */
function wanted(segment, free) {
  return Math.ceil(segment.pes / processesPerNode(segment, free));
}

/**
 * As many as a node has cores for, where nothing else is said.
 *
 * @param {Segment} segment
 * @param {readonly Seat[]} seats
 */
function processesPerNode({ pes, perNode, depth }, seats) {
  return perNode ?? Math.max(1, Math.min(pes, Math.floor((seats[0]?.cores ?? 1) / depth)));
}

/**
 * @param {string} host
 * @param {readonly Seat[]} seats
 */
function seatOf(host, seats) {
  const seat = seats.find((each) => each.host === host);
  if (!seat) throw new Refusal(`${host} is not a node of this job`);
  return seat;
}
