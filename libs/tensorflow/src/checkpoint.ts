/** Checkpoints: variables in files that any TensorFlow reads, under the variables' names. */
import { listCheckpoint, readCheckpoint, unreadable } from './checkpoint-contents.js';
import type { Operation, Output } from './operation.js';
import { compare, requireFit, type RestoreReport } from './restore-report.js';
import type { Scope } from './scope.js';
import type { Session } from './session.js';
import { Tensor } from './tensor.js';
import { assign, type Variable } from './variables.js';

/** The operations that save and restore a list of variables. */
interface SaverParts {
  readonly variables: readonly Variable[];
  readonly filename: Output;
  readonly saved: Output;
  readonly restored: Operation;
  readonly assignments: readonly Operation[];
  readonly restoreAll: Operation;
}

/** How a checkpoint is restored that is not exactly of these variables. */
export interface RestoreOptions {
  /** Restores what fits and says what did not, where otherwise nothing would be restored. */
  readonly partial?: boolean;
  /** Which variables are restored, by their names; the others keep what they have. All of them by default. */
  readonly only?: (name: string) => boolean;
  /** The key in the checkpoint of the variable of that name; the same by default. */
  readonly rename?: (name: string) => string;
}

/** The variables at one moment, held until it is given back: as much memory as they take. */
export interface Snapshot extends Disposable {
  /** In the order of the saver's variables. */
  readonly values: readonly Tensor[];
}

/** Saves and restores variables of a graph, in TensorFlow's V2 format: PREFIX.index and PREFIX.data-00000-of-00001. */
export class Saver implements SaverParts {
  readonly variables: readonly Variable[];
  /** String scalar that is fed with the prefix. */
  readonly filename: Output;
  /** Fetching it saves; it is the prefix again. */
  readonly saved: Output;
  /** The operation that reads; its outputs are in the order of the variables. */
  readonly restored: Operation;
  /** Each gives one variable what was read. */
  readonly assignments: readonly Operation[];
  /** Running it restores. */
  readonly restoreAll: Operation;

  /** Use {@link saver}. */
  constructor(parts: SaverParts) {
    this.variables = parts.variables;
    this.filename = parts.filename;
    this.saved = parts.saved;
    this.restored = parts.restored;
    this.assignments = parts.assignments;
    this.restoreAll = parts.restoreAll;
  }

  /**
   * Writes the variables as the session has them. The index is written last, and both files under other names first.
   * No step may be under way: it would be in the files in part.
   *
   * @param prefix Of the files, in a folder that exists: '/run/model.ckpt-1000'.
   * @param values Of some variables' `value`, to be written instead of what the session has.
   * @throws {CodedError} STORE_FULL when there is no space left; else TENSORFLOW_FAILED.
   */
  async save(session: Session, prefix: string, values: Feeds = []): Promise<void> {
    await this.#write(session, prefix, values);
  }

  /**
   * Takes the variables as they are now, between two steps. On a CPU nothing is copied until a step changes them; from
   * a GPU they are copied once.
   *
   * @returns The caller's to give back.
   */
  async snapshot(session: Session): Promise<Snapshot> {
    const values = await session.run({ fetches: this.variables.map(({ value }) => value) });
    return { values, [Symbol.dispose]: () => values.forEach((value) => value[Symbol.dispose]()) };
  }

  /**
   * Writes a snapshot as {@link save} writes the variables; steps may go on meanwhile. The write takes one of Node's
   * worker threads and a core until it is done.
   *
   * @throws {CodedError} As {@link save}.
   */
  async saveSnapshot(session: Session, prefix: string, { values }: Snapshot): Promise<void> {
    await this.#write(
      session,
      prefix,
      this.variables.map(({ value }, i) => [value, values[i]!]),
    );
  }

  /**
   * Reads the variables into the session: all of them, or none and an error that names those that do not fit. With
   * `partial`, those that fit.
   *
   * @throws {CodedError} CHECKPOINT_INVALID when the files are missing, cut short, damaged, or do not fit.
   */
  async restore(session: Session, prefix: string, options: RestoreOptions = {}): Promise<RestoreReport> {
    const { partial = false, only = () => true, rename = (name) => name } = options;
    const wanted = this.variables.filter(({ name }) => only(name));
    const report = compare(wanted, await listCheckpoint(prefix), rename);
    if (!partial) requireFit(report, prefix);
    if (report.matched.length === this.variables.length) await this.#restoreAll(session, prefix, rename);
    else await this.#restoreSome(session, prefix, new Set(report.matched), rename);
    return report;
  }

  async #write(session: Session, prefix: string, values: Feeds): Promise<void> {
    using name = Tensor.scalar('string', prefix);
    const [saved] = await session.run({ feeds: [[this.filename, name], ...values], fetches: [this.saved] });
    saved?.[Symbol.dispose]();
  }

  async #restoreAll(session: Session, prefix: string, rename: (name: string) => string): Promise<void> {
    using name = Tensor.scalar('string', prefix);
    const keys = this.variables.map((variable) => rename(variable.name));
    using names = Tensor.of('string', [keys.length], keys);
    const feeds: Feeds = [
      [this.filename, name],
      [this.restored.input(1), names],
    ];
    await session.run({ feeds, targets: [this.restoreAll] }).catch((error: unknown) => {
      throw unreadable(prefix, error);
    });
  }

  /** One operation reads all in the graph, and so none of them when one is missing: here they are read apart and fed. */
  async #restoreSome(
    session: Session,
    prefix: string,
    matched: ReadonlySet<string>,
    rename: (name: string) => string,
  ): Promise<void> {
    const chosen = this.variables
      .map((variable, i) => ({ variable, key: rename(variable.name), i }))
      .filter(({ variable }) => matched.has(variable.name));
    const entries = chosen.map(({ key, variable: { dtype, shape } }) => ({ name: key, dtype, shape }));
    const tensors = await readCheckpoint(prefix, entries);
    try {
      const feeds: Feeds = chosen.flatMap(({ key, i }) => {
        const tensor = tensors.get(key);
        return tensor ? [[this.restored.output(i), tensor] as const] : [];
      });
      await session.run({ feeds, targets: chosen.map(({ i }) => this.assignments[i]!) });
    } finally {
      for (const tensor of tensors.values()) tensor[Symbol.dispose]();
    }
  }
}

type Feeds = readonly (readonly [Output, Tensor])[];

/**
 * Adds the operations that save and restore variables, in a name scope `save`.
 *
 * @param variables Those to keep: what a restart needs besides the graph. Their names are the keys in the files.
 */
export function saver(scope: Scope, variables: readonly Variable[]): Saver {
  // On the host that runs the step: a file on another task's disk would not be found again.
  const own = scope.child('save');
  const filename = own
    .op('PlaceholderWithDefault', {
      name: 'filename',
      inputs: [own.constant('model', { name: 'filename/default' })],
      attributes: { shape: [] },
    })
    .output();
  const names = own.constant(
    variables.map(({ name }) => name),
    { dtype: 'string', name: 'names' },
  );
  const slices = own.constant(
    variables.map(() => ''),
    { dtype: 'string', name: 'slices' },
  );
  const keys = [filename, names, slices] as const;
  return new Saver({
    variables,
    filename,
    saved: addSave(own, keys, variables),
    ...addRestore(own, keys, variables),
  });
}

type Keys = readonly [filename: Output, names: Output, slices: Output];

function addSave(own: Scope, keys: Keys, variables: readonly Variable[]): Output {
  const save = own.op('SaveV2', { inputs: [...keys, variables.map(({ value }) => value)] });
  return own
    .after(save)
    .op('Identity', { name: 'saved', inputs: [keys[0]] })
    .output();
}

function addRestore(
  own: Scope,
  keys: Keys,
  variables: readonly Variable[],
): Pick<SaverParts, 'restored' | 'assignments' | 'restoreAll'> {
  const dtypes = variables.map(({ dtype }) => dtype);
  const restored = own.op('RestoreV2', { inputs: keys, attributes: { dtypes } });
  const assignments = variables.map((variable, i) => assign(own, variable, restored.output(i)));
  return { restored, assignments, restoreAll: own.after(...assignments).op('NoOp', { name: 'restore_all' }) };
}
