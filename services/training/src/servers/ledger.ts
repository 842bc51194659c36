/**
 * What workers tell one another, as variables of the first server: the next portion that nobody has taken, how far each
 * worker has come in its own, how stale gradients were, how many came too late. It lasts as long as a generation; no checkpoint has it.
 */
import { CodedError } from '@bluewaters/errors';
import { initializers, variable, Tensor, type Operation, type Output, type Scope } from '@bluewaters/tensorflow';
import type { Session, Variable } from '@bluewaters/tensorflow';
import type { Counting } from './accumulated-exchange.js';

/** How things stand, all read at about the same time. */
export interface Standing {
  /** Updates of the variables so far: the global step. */
  readonly step: number;
  /** How far workers may go: portions of lower numbers, or steps. */
  readonly open: number;
  /** Over all updates of this generation, the sum of the updates that others made between its read and its write. */
  readonly staleness: number;
  /** What this worker has taken, if anything, and how many steps of it are made. */
  readonly taken: { readonly block: number; readonly made: number } | undefined;
}

/** What a worker runs, or the chief alone. */
export interface Halves {
  /** Makes an update, and adds one to the global step. */
  readonly step: Operation;
  /** Hands gradients over for one, where it is made of what several hand over. */
  readonly contribute?: Operation;
}

/** {@link Standing.open} when no more is to be done. */
const OVER = -1n;

/** The first server's notes, as one worker sees them; for one graph. */
export class Ledger {
  /** Gives all of them their start; the chief's to run. */
  readonly reset: Operation;
  readonly #globalStep: Variable;
  readonly #scope: Scope;
  readonly #staleness: Variable;
  readonly #contributed: Variable;
  readonly #used: Variable;
  readonly #taken: Variable;
  readonly #worker: bigint;
  readonly #claimed: Output;
  readonly #openTo: Output;
  readonly #opened: Operation;
  readonly #look: readonly Output[];
  readonly #counting: Counting | undefined;

  /**
   * @param scope On the first server.
   * @param options `counting` is there where updates are made of what several workers contribute.
   */
  constructor(
    scope: Scope,
    options: {
      readonly globalStep: Variable;
      readonly worker: number;
      readonly workers: number;
      readonly counting?: Counting | undefined;
    },
  ) {
    const own = scope.child('ledger');
    const counter = (name: string, start: number, shape: readonly number[] = []): Variable =>
      variable(own, name, {
        ...{ dtype: 'int64', shape, trainable: false },
        initializer: initializers.constant(start),
      });
    const [next, open] = [counter('next_block', 0), counter('open', 0)];
    this.#scope = own;
    this.#worker = BigInt(options.worker);
    this.#globalStep = options.globalStep;
    this.#counting = options.counting;
    this.#staleness = counter('staleness', 0);
    this.#contributed = counter('contributed', 0);
    this.#used = counter('used', 0);
    this.#taken = counter('taken', -1, [options.workers, 2]);
    this.#claimed = this.#addClaim(next);
    this.#openTo = own.placeholder('int64', [], { name: 'open_to' });
    this.#opened = own.op('AssignVariableOp', { inputs: [open.handle, this.#openTo], attributes: { dtype: 'int64' } });
    const ownRow = own.op('ResourceGather', {
      inputs: [this.#taken.handle, own.constant(BigInt(options.worker))],
      attributes: { dtype: 'int64' },
    });
    this.#look = [this.#globalStep.value, open.value, this.#staleness.value, ownRow.output()];
    const counters = [next, open, this.#staleness, this.#contributed, this.#used, this.#taken];
    const starts = counters.map(({ initializer }) => initializer);
    this.reset = own.after(...starts).op('NoOp', { name: 'reset' });
  }

  /**
   * Adds what is noted of updates. Of one that a worker makes alone: one step more of its portion, and its staleness. Of one
   * that several contribute to: how many have, and of how many it was made.
   *
   * @returns `dropped`, int64: contributions so far that came after the update which they were for. It is read after the
   * update; those that are under way meanwhile may not be among them yet.
   */
  noting({ step, contribute }: Halves): Halves & { readonly dropped?: Output } {
    if (!contribute || !this.#counting) return { step: this.#noteUpdate(step) };
    const { taken } = this.#counting;
    const own = this.#scope.child('count');
    const used = own.after(step).op('Cast', { inputs: [taken], attributes: { DstT: 'int64' } });
    const noted = this.#add(own, this.#used, used.output());
    const contributed = this.#add(own.after(contribute), this.#contributed, own.constant(1n));
    return { step: noted, contribute: contributed, dropped: this.#dropped(own.after(noted), this.#counting) };
  }

  /** In this order: what comes in between is waiting, but not yet counted. */
  #dropped(scope: Scope, { accumulator }: Counting): Output {
    const contributed = this.#contributed.read(scope);
    const waiting = scope
      .after(contributed.operation)
      .on(accumulator.operation.device)
      .op('ResourceAccumulatorNumAccumulated', { inputs: [accumulator] });
    const counted = scope.op('Cast', { inputs: [waiting.output()], attributes: { DstT: 'int64' } }).output();
    const late = scope.op('Sub', { inputs: [contributed, this.#used.read(scope)] }).output();
    return scope.op('Sub', { inputs: [late, counted] }).output();
  }

  #add(scope: Scope, to: Variable, value: Output): Operation {
    return scope.op('AssignAddVariableOp', { inputs: [to.handle, value], attributes: { dtype: 'int64' } });
  }

  #noteUpdate(update: Operation): Operation {
    const own = this.#scope.child('note');
    const after = own.after(update);
    const before = own.op('Identity', { inputs: [this.#globalStep.value] }).output();
    const now = this.#globalStep.read(after);
    const between = after.op('Sub', {
      inputs: [after.op('Sub', { inputs: [now, own.constant(1n)] }).output(), before],
    });
    const noted = this.#add(after, this.#staleness, between.output());
    const one = own.constant(BigInt64Array.of(0n, 1n));
    return own.after(noted).op('ResourceScatterAdd', {
      inputs: [this.#taken.handle, own.constant(this.#worker), one],
      attributes: { dtype: 'int64' },
    });
  }

  /** Takes the next portion that nobody has. */
  async claim(session: Session): Promise<number> {
    const [claimed] = await session.run({ fetches: [this.#claimed] });
    using block = claimed as Tensor;
    return block.number();
  }

  /** Lets workers go on to the portion, or step, before a number. */
  async open(session: Session, end: number): Promise<void> {
    await this.#open(session, BigInt(end));
  }

  /** Lets workers end. */
  async close(session: Session): Promise<void> {
    await this.#open(session, OVER);
  }

  /** How things stand; undefined when all is over. */
  async look(session: Session): Promise<Standing | undefined> {
    const tensors = await session.run({ fetches: this.#look });
    const [step, open, staleness, block, made] = tensors.flatMap((tensor) => [...tensor.values()].map(Number));
    for (const tensor of tensors) tensor[Symbol.dispose]();
    if (open === Number(OVER)) return undefined;
    const taken = block === undefined || block < 0 ? undefined : { block, made: made ?? 0 };
    return { step: step ?? 0, open: open ?? 0, staleness: staleness ?? 0, taken };
  }

  async #open(session: Session, blocks: bigint): Promise<void> {
    using to = Tensor.scalar('int64', blocks);
    await session.run({ feeds: [[this.#openTo, to]], targets: [this.#opened] });
  }

  #addClaim(next: Variable): Output {
    const own = this.#scope.child('claim');
    const one = own.constant(1n);
    const counted = this.#add(own, next, one);
    const claimed = own.op('Sub', { inputs: [next.read(own.after(counted)), one] }).output();
    const row = own.op('Pack', { inputs: [[claimed, own.constant(0n)]] }).output();
    const noted = own.op('ResourceScatterUpdate', {
      inputs: [this.#taken.handle, own.constant(this.#worker), row],
      attributes: { dtype: 'int64' },
    });
    return own
      .after(noted)
      .op('Identity', { inputs: [claimed] })
      .output();
  }
}

/** The ledger of a graph that a worker of parameter servers runs. @throws {CodedError} INTERNAL where it has none. */
export function ledgerOf({ ledger }: { readonly ledger: Ledger | undefined }): Ledger {
  if (ledger) return ledger;
  throw new CodedError('INTERNAL', 'Workers of parameter servers need a ledger in their graph');
}
