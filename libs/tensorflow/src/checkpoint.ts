/** Checkpoints: variables in files that any TensorFlow reads, under the variables' names. */
import { CodedError, toCodedError } from '@bluewaters/errors';
import type { Operation, Output } from './operation.js';
import type { Scope } from './scope.js';
import type { Session } from './session.js';
import { Tensor } from './tensor.js';
import { assign, type Variable } from './variables.js';

/** The operations that save and restore a list of variables. */
interface SaverParts {
  readonly variables: readonly Variable[];
  readonly filename: Output;
  readonly saved: Output;
  readonly restoreAll: Operation;
}

/** Saves and restores variables of a graph, in TensorFlow's V2 format: PREFIX.index and PREFIX.data-00000-of-00001. */
export class Saver implements SaverParts {
  readonly variables: readonly Variable[];
  /** String scalar that is fed with the prefix. */
  readonly filename: Output;
  /** Fetching it saves; it is the prefix again. */
  readonly saved: Output;
  /** Running it restores. */
  readonly restoreAll: Operation;

  /** Use {@link saver}. */
  constructor(parts: SaverParts) {
    this.variables = parts.variables;
    this.filename = parts.filename;
    this.saved = parts.saved;
    this.restoreAll = parts.restoreAll;
  }

  /**
   * Writes the variables as the session has them. The index is written last, and both files under other names first.
   *
   * @param prefix Of the files, in a folder that exists: '/run/model.ckpt-1000'.
   * @throws {CodedError} STORE_FULL when there is no space left; else TENSORFLOW_FAILED.
   */
  async save(session: Session, prefix: string): Promise<void> {
    using name = Tensor.scalar('string', prefix);
    const [saved] = await session.run({ feeds: [[this.filename, name]], fetches: [this.saved] });
    saved?.[Symbol.dispose]();
  }

  /**
   * Reads the variables into the session.
   *
   * @throws {CodedError} CHECKPOINT_INVALID when the files are missing, cut short, damaged, or lack a variable.
   */
  async restore(session: Session, prefix: string): Promise<void> {
    using name = Tensor.scalar('string', prefix);
    try {
      await session.run({ feeds: [[this.filename, name]], targets: [this.restoreAll] });
    } catch (error) {
      const details = { file: prefix };
      throw new CodedError('CHECKPOINT_INVALID', toCodedError(error).message, { details, cause: error });
    }
  }
}

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
    restoreAll: addRestore(own, keys, variables),
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

function addRestore(own: Scope, keys: Keys, variables: readonly Variable[]): Operation {
  const dtypes = variables.map(({ dtype }) => dtype);
  const restored = own.op('RestoreV2', { inputs: keys, attributes: { dtypes } });
  const assignments = variables.map((variable, i) => assign(own, variable, restored.output(i)));
  return own.after(...assignments).op('NoOp', { name: 'restore_all' });
}
