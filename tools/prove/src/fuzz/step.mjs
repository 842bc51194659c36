/** One step of a fuzz: a graph of its own, some operations, some runs. Depends on nothing but its seed and number. */
import { isCodedError } from '@bluewaters/errors';
import { defineFunction, gradients, Graph, less, max, minimum, raw, Session, sub } from '@bluewaters/tensorflow';
import { callConvenience } from './conveniences.mjs';
import { Random } from './random.mjs';
import { anyTyped, callTyped, typedFrom } from './typed.mjs';
import { anyDtype, FILLED, tensor } from './values.mjs';

/** @import { Output, Tensor } from '@bluewaters/tensorflow' */
/** @import { Materials } from './typed.mjs' */

/** @typedef {{ tried: number, accepted: number, refused: number, runs: number, failed: number, uncoded: string[] }} Outcomes */

/** Told before every call that could end the process. @typedef {(doing: string) => void} Tell */

/** A run that takes longer is given up; one that does not even end then is a finding of whoever reads along. */
const TIMEOUT_MS = 5_000;

/** Odd and so prime to most numbers of operations: neighbouring steps begin with operations far apart. */
const STRIDE = 389;

/**
 * Takes one step.
 *
 * @param {number} seed
 * @param {number} step
 * @param {Tell} tell
 * @returns {Promise<Outcomes>}
 */
export async function takeStep(seed, step, tell) {
  const random = new Random(seed, step);
  const outcomes = { tried: 0, accepted: 0, refused: 0, runs: 0, failed: 0, uncoded: /** @type {string[]} */ ([]) };
  const graph = new Graph();
  const callee = countDown();
  /** @type {Disposable[]} */
  const owned = [graph, callee];
  /** @type {Materials} */
  const materials = {
    random,
    scope: graph.scope(),
    outputs: [],
    feeds: [],
    functions: [callee],
    keep: (value) => (owned.push(value), value),
  };
  build(materials, step, outcomes, tell);
  await run(graph, materials, outcomes, tell);
  for (const one of owned.reverse()) one[Symbol.dispose]();
  return outcomes;
}

/**
 * A function that operations may call, also as condition and body of a loop: one that counts down and so ends. It gives a
 * scalar, because a condition of any other shape holds for as long as it has elements.
 */
function countDown() {
  return defineFunction('count_down', [{ dtype: 'float32', shape: undefined }], (scope, inputs) => {
    const x = max(scope, /** @type {Output} */ (inputs[0]));
    const lower = sub(scope, minimum(scope, x, 9), 1);
    const none = raw.zerosLike(scope, { x });
    return [raw.selectV2(scope, { condition: less(scope, none, x), t: lower, e: none })];
  });
}

/** @param {Materials} materials @param {number} step @param {Outcomes} outcomes @param {Tell} tell */
function build(materials, step, outcomes, tell) {
  const { random } = materials;
  const count = 1 + random.below(3);
  for (let i = 0; i < count; i++) {
    const definition = i === 0 ? typedFrom(step * STRIDE) : anyTyped(random);
    if (i === 0 || random.chance(0.5)) {
      attempt(materials, outcomes, () => (tell(`build ${definition.name}`), callTyped(definition, materials)));
    } else attempt(materials, outcomes, () => callConvenience(materials, tell));
  }
  if (random.chance(0.15) && materials.outputs.length > 0) {
    const xs = [random.pick(materials.outputs), ...materials.feeds.map(([placeholder]) => placeholder)];
    const ys = [random.pick(materials.outputs)];
    attempt(
      materials,
      outcomes,
      () => (
        tell(`gradients of ${ys.map(described).join()} by ${xs.map(described).join()}`),
        gradients(materials.scope, ys, xs)
      ),
    );
  }
}

/** @param {Materials} materials @param {Outcomes} outcomes @param {() => Output[]} call */
function attempt({ outputs }, outcomes, call) {
  outcomes.tried++;
  try {
    outputs.push(...call());
    outcomes.accepted++;
  } catch (error) {
    outcomes.refused++;
    note(error, outcomes);
  }
}

/** @param {unknown} error @param {Outcomes} outcomes */
function note(error, { uncoded }) {
  if (!isCodedError(error) || error.code === 'INTERNAL')
    uncoded.push(error instanceof Error ? `${error.stack}` : `${error}`);
}

/** @param {Graph} graph @param {Materials} materials @param {Outcomes} outcomes @param {Tell} tell */
async function run(graph, materials, outcomes, tell) {
  const { outputs, random } = materials;
  if (outputs.length === 0) return;
  const session = new Session(graph, { intraOpThreads: 1, interOpThreads: 1, rewriteGraph: random.chance(0.5) });
  const all = { fetches: outputs.filter(({ dtype }) => dtype !== 'resource' && dtype !== 'variant') };
  const requests = [
    all,
    { fetches: [random.pick(outputs)] },
    ...outputs.slice(-2).map((one) => ({ targets: [one.operation] })),
  ];
  for (const request of requests) {
    const feeds = random.chance(0.85) ? materials.feeds : malformed(materials);
    outcomes.runs++;
    try {
      tell(
        `run ${[...new Set(graph.operations().map(({ type }) => type))].filter((type) => !/^(Const|Placeholder)$/.test(type)).join(' ')}`,
      );
      for (const value of await session.run({ feeds, ...request }, { timeoutMs: TIMEOUT_MS })) {
        read(value);
        value[Symbol.dispose]();
      }
    } catch (error) {
      outcomes.failed++;
      note(error, outcomes);
    }
  }
  tell('dispose');
  session[Symbol.dispose]();
}

/** @param {Tensor} value */
function read(value) {
  if (value.dtype === 'string') value.strings();
  else if (value.dtype !== 'resource' && value.dtype !== 'variant') value.values();
}

/**
 * Feeds with a fault: too few, of another dtype or shape, given back already, of outputs that compute, of another graph.
 *
 * @param {Materials} materials
 * @returns {[Output, Tensor][]}
 */
function malformed({ random, feeds, outputs, keep }) {
  const broken = [...feeds];
  switch (random.below(6)) {
    case 0:
      return broken.slice(1);
    case 1:
      return broken.map(([output]) => [output, keep(tensor(random, random.pick(FILLED)))]);
    case 2: {
      const gone = tensor(random, 'float32');
      gone[Symbol.dispose]();
      return [...broken, [random.pick(outputs), gone]];
    }
    case 3: {
      const output = random.pick(outputs);
      return [...broken, [output, keep(tensor(random, random.pick(FILLED)))]];
    }
    case 4:
      return [...broken, ...broken];
    default:
      return [...broken, [foreign(random), keep(tensor(random, 'float32'))]];
  }
}

/** An output of a graph that was given back. @param {Random} random */
function foreign(random) {
  const graph = new Graph();
  const output = graph.scope().placeholder(anyDtype(random), undefined);
  if (random.chance(0.5)) graph[Symbol.dispose]();
  return output;
}

/** @param {Output} output */
function described({ name, dtype }) {
  return `${name} ${dtype}`;
}
