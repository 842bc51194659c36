/** Functions: graphs that operations call by name, such as what a dataset maps over its elements. */
import type { DType } from './dtypes.js';
import type { Handle } from './handles.js';
import type { Shape } from './shape.js';

/** What one value of a function or dataset looks like. */
export interface ElementSpec {
  readonly dtype: DType;
  /** Undefined when the rank is unknown. */
  readonly shape: Shape | undefined;
}

/** The facts about a function that do not need TensorFlow. */
interface FunctionFacts {
  readonly name: string;
  readonly inputs: readonly ElementSpec[];
  readonly outputs: readonly ElementSpec[];
  readonly dependencies: readonly GraphFunction[];
  readonly owned: readonly GraphFunction[];
}

/**
 * A function made by `defineFunction`. Naming it in an attribute copies it into the graph, so that it can be disposed
 * of as soon as the operations that call it exist.
 */
export class GraphFunction implements Disposable {
  /** By which operations call it; unique in a graph. */
  readonly name: string;
  readonly inputs: readonly ElementSpec[];
  readonly outputs: readonly ElementSpec[];
  /** The functions that this one calls; a graph needs them as well. */
  readonly dependencies: readonly GraphFunction[];
  readonly #handle: Handle;
  readonly #owned: readonly GraphFunction[];

  /** @param facts `owned` are the dependencies that are given back together with this function. */
  constructor(handle: Handle, { name, inputs, outputs, dependencies, owned }: FunctionFacts) {
    this.#handle = handle;
    this.#owned = owned;
    this.name = name;
    this.inputs = inputs;
    this.outputs = outputs;
    this.dependencies = dependencies;
  }

  /** For this package's own calls. */
  get handle(): Handle {
    return this.#handle;
  }

  /** Gives the memory back; a second call does nothing. Functions that someone else defined stay theirs. */
  [Symbol.dispose](): void {
    this.#handle[Symbol.dispose]();
    for (const body of this.#owned) body[Symbol.dispose]();
  }
}
