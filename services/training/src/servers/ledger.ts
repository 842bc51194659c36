/**
 * What workers tell one another, as variables of the first server: the next portion that nobody has taken, how far each
 * worker has come in its own, how stale gradients were. It lasts as long as a generation; no checkpoint has it.
 */
import { initializers, variable, Tensor, type Operation, type Output, type Scope } from '@bluewaters/tensorflow';
import type { Session, Variable } from '@bluewaters/tensorflow';

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

/** {@link Standing.open} when no more is to be done. */
const OVER = -1n;

/** The first server's notes, as one worker sees them; for one graph. */
export class Ledger {
  /** Gives all of them their start; the chief's to run. */
  readonly reset: Operation;
  readonly #globalStep: Variable;
  readonly #scope: Scope;
  readonly #staleness: Variable;
  readonly #taken: Variable;
  readonly #worker: bigint;
  readonly #claimed: Output;
  readonly #openTo: Output;
  readonly #opened: Operation;
  readonly #look: readonly Output[];

  /** @param scope On the first server. */
  constructor(
    scope: Scope,
    options: { readonly globalStep: Variable; readonly worker: number; readonly workers: number },
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
    this.#staleness = counter('staleness', 0);
    this.#taken = counter('taken', -1, [options.workers, 2]);
    this.#claimed = this.#addClaim(next);
    this.#openTo = own.placeholder('int64', [], { name: 'open_to' });
    this.#opened = own.op('AssignVariableOp', { inputs: [open.handle, this.#openTo], attributes: { dtype: 'int64' } });
    const ownRow = own.op('ResourceGather', {
      inputs: [this.#taken.handle, own.constant(BigInt(options.worker))],
      attributes: { dtype: 'int64' },
    });
    this.#look = [this.#globalStep.value, open.value, this.#staleness.value, ownRow.output()];
    const starts = [next, open, this.#staleness, this.#taken].map(({ initializer }) => initializer);
    this.reset = own.after(...starts).op('NoOp', { name: 'reset' });
  }

  /**
   * Adds what an update notes of itself: one step more of this worker's portion, and its staleness.
   *
   * @param update It adds one to the global step.
   */
  noting(update: Operation): Operation {
    const own = this.#scope.child('note');
    const after = own.after(update);
    const before = own.op('Identity', { inputs: [this.#globalStep.value] }).output();
    const now = this.#globalStep.read(after);
    const between = after.op('Sub', {
      inputs: [after.op('Sub', { inputs: [now, own.constant(1n)] }).output(), before],
    });
    const noted = after.op('AssignAddVariableOp', {
      inputs: [this.#staleness.handle, between.output()],
      attributes: { dtype: 'int64' },
    });
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
    const counted = own.op('AssignAddVariableOp', { inputs: [next.handle, one], attributes: { dtype: 'int64' } });
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
