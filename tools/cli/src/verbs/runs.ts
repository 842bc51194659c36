import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '@bluewaters/errors';
import {
  CoordinatedRuns,
  openBus,
  Steer,
  type CoordinatedRun,
  type MessageBus,
  type OrderedEvaluation,
  type SteerRequest,
} from '@bluewaters/messages';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { percent } from '../terminal.js';
import { defineVerb, type Verb } from '../verb.js';

const options = z.strictObject({ ...placeOptions, ...frameOptions });
const scaleOptions = options.extend({ ranks: z.int().positive().describe('how many ranks go on with the run') });

type Values = z.output<typeof options>;

/** Orders something of a run, and says how it stands then. */
async function steer(values: Values, words: readonly string[], order: SteeringOrder): Promise<CoordinatedRun> {
  const [run, ...more] = words;
  if (run === undefined || more.length > 0) throw invalid('run', 'the name of one run', words.join(' ') || 'none');
  return withBus(values, (bus) => bus.request(Steer, { run, ...order }));
}

type SteeringOrder = SteerRequest extends infer Each ? (Each extends unknown ? Omit<Each, 'run'> : never) : never;

/** Asks something on the bus that a coordinator is on. @throws {CodedError} CONFIG_INVALID where none is named. */
export async function withBus<T>(values: Values, ask: (bus: MessageBus) => Promise<T>): Promise<T> {
  const { bus: options } = readPlace(values);
  if (options.kind === 'in-process') throw invalid('bus', 'that of the coordinator, nats://host:4222', values.bus);
  const bus = await openBus(options);
  try {
    return await ask(bus);
  } finally {
    await bus.close();
  }
}

function invalid(field: string, expected: string, got: string): CodedError {
  return new CodedError('CONFIG_INVALID', 'An order needs a run and its coordinator', {
    details: { field, expected, got },
  });
}

/** One line on how a run stands. */
export function describeRun({ run, phase, generation, ranks, scaleTo }: CoordinatedRun): string {
  return `${run}: ${phase}, generation ${generation} of ${ranks} ranks${scaleTo === undefined ? '' : `, to be ${scaleTo}`}`;
}

function verb(order: 'stop' | 'pause' | 'resume', meaning: string): Verb {
  return defineVerb({
    options,
    examples: [[`$0 runs ${order} mnist-lenet --bus nats://127.0.0.1:4222`, meaning]],
    run: async (values, { words, print }) => {
      const stands = await steer(values, words, { order });
      print(describeRun(stands));
      return stands;
    },
  });
}

/** `bluewaters runs stop` */
export const runsStop = verb('stop', 'its command goes on from there later');

/** `bluewaters runs pause` */
export const runsPause = verb('pause', 'the cores are free until it is resumed');

/** `bluewaters runs resume` */
export const runsResume = verb('resume', 'with as many ranks as before');

/** `bluewaters runs scale` */
export const runsScale = defineVerb({
  options: scaleOptions,
  examples: [['$0 runs scale mnist-lenet --ranks 2 --bus nats://127.0.0.1:4222', 'with two ranks from now on']],
  run: async ({ ranks, ...values }, { words, print }) => {
    const stands = await steer(values, words, { order: 'scale', ranks });
    print(describeRun(stands));
    return stands;
  },
});

/** Between two looks at whether an evaluation was made. */
const LOOK_EVERY_MS = 500;

/** `bluewaters runs evaluate` */
export const runsEvaluate = defineVerb({
  options,
  examples: [['$0 runs evaluate mnist-lenet --bus nats://127.0.0.1:4222', 'whose epochs take hours']],
  run: async (values, { words, print, signal }) => {
    const { run, evaluate: ordered = 0 } = await steer(values, words, { order: 'evaluate' });
    const found = await withBus(values, (bus) => evaluationOf(run, { bus, ordered, signal }));
    const { step, evaluation } = found;
    const { top1, top5, loss } = evaluation;
    print(`${run}, step ${step}: top-1 ${percent(top1)}, top-5 ${percent(top5)}, loss ${loss.toPrecision(3)}`);
    return found;
  },
});

/** Waits until an order was followed. @throws {CodedError} INTERRUPTED; ORDER_REFUSED where the run ends before. */
async function evaluationOf(
  run: string,
  { bus, ordered, signal }: { readonly bus: MessageBus; readonly ordered: number; readonly signal: AbortSignal },
): Promise<OrderedEvaluation> {
  const table = await bus.state(CoordinatedRuns);
  while (!signal.aborted) {
    const { figures, phase } = (await table.get(run))?.value ?? {};
    if (figures?.evaluated && figures.evaluated.ordered >= ordered) return figures.evaluated;
    if (phase === 'done' || phase === 'stopped' || phase === 'failed') {
      throw new CodedError('ORDER_REFUSED', `The run ${run} was ${phase} before it could be evaluated`);
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  throw new CodedError('INTERRUPTED', `The order stands: the run ${run} will be evaluated`);
}
