import { initializers, variable, type Initializer, type Scope, type Variable } from '@bluewaters/tensorflow';
import { TOGETHER, type Placement } from './placement.js';

/** How a variable starts. */
export type InitialValue = 'zeros' | 'ones' | 'he-normal' | 'glorot-uniform' | 'dirac';

/** Of a float32. */
const BYTES = 4;

/** A parameter and whether weight decay applies to it. */
export interface Parameter {
  readonly variable: Variable;
  readonly decayed: boolean;
}

/**
 * The variables of one network by name: parameters, which a gradient changes, and statistics, which follow what the
 * layers see. Asking twice for a name gives the same variable, so the training tower and the evaluation tower share
 * them. Each draws its start from the seed and its own name, so a network always starts from the same weights whatever
 * else is in the graph.
 */
export class VariableStore {
  readonly #scope: Scope;
  readonly #seed: number | 'none';
  readonly #placement: Placement;
  readonly #variables = new Map<string, Parameter>();

  /**
   * @param scope Root of the graph: variable names are checkpoint names.
   * @param seed `none` where the graph is only looked at: variables never start, which takes most of a deep network's
   * operations.
   * @param placement The devices that variables go to; all to that of the scope by default.
   */
  constructor(scope: Scope, seed: number | 'none', placement: Placement = TOGETHER) {
    this.#scope = scope;
    this.#seed = seed;
    this.#placement = placement;
  }

  /**
   * The parameter `name`, made at the first call.
   * @param name As in the checkpoint, `conv1/weights`.
   * @param initial A random one marks a weight, which decays; biases and batch normalisation's scale and offset start
   * at a constant and do not decay.
   */
  get(name: string, shape: readonly number[], initial: InitialValue): Variable {
    return this.#getOrMake(name, { shape, initial, trainable: true });
  }

  /**
   * The statistic `name`, made at the first call: no gradient changes it, but checkpoints and models hold it.
   * @param name As in the checkpoint, `conv1/BatchNorm/moving_mean`.
   */
  getStatistic(name: string, shape: readonly number[], initial: InitialValue): Variable {
    return this.#getOrMake(name, { shape, initial, trainable: false });
  }

  /** All parameters in the order in which the network asked for them. */
  get parameters(): readonly Parameter[] {
    return [...this.#variables.values()].filter((parameter) => parameter.variable.trainable);
  }

  /** Parameters and statistics: all that predictions depend on. */
  get variables(): readonly Variable[] {
    return [...this.#variables.values()].map((parameter) => parameter.variable);
  }

  /**
   * The same names with other variables behind some of them: a network built from it predicts with those.
   * @param others By the names of the variables whose place they take.
   */
  with(others: ReadonlyMap<string, Variable>): VariableStore {
    const store = new VariableStore(this.#scope, this.#seed, this.#placement);
    for (const [name, parameter] of this.#variables) {
      store.#variables.set(name, { ...parameter, variable: others.get(name) ?? parameter.variable });
    }
    return store;
  }

  #getOrMake(
    name: string,
    options: { readonly shape: readonly number[]; readonly initial: InitialValue; readonly trainable: boolean },
  ): Variable {
    const known = this.#variables.get(name);
    if (known) return known.variable;
    const { shape, initial, trainable } = options;
    const initializer = this.#initializer(initial);
    const placed = this.#scope.on(
      this.#placement.deviceFor(BYTES * shape.reduce((product, length) => product * length, 1)),
    );
    const made = variable(placed, name, { dtype: 'float32', shape, initializer, trainable });
    this.#variables.set(name, { variable: made, decayed: initial !== 'zeros' && initial !== 'ones' });
    return made;
  }

  #initializer(initial: InitialValue): Initializer {
    const seed = this.#seed;
    if (seed === 'none') return (scope, shape, dtype) => scope.placeholder(dtype, shape);
    switch (initial) {
      case 'zeros':
        return initializers.zeros();
      case 'ones':
        return initializers.ones();
      case 'he-normal':
        return initializers.heNormal({ seed });
      case 'glorot-uniform':
        return initializers.glorotUniform({ seed });
      case 'dirac':
        return initializers.dirac({ others: smallUniform(seed) });
    }
  }
}

/** Uniform between plus and minus 1 / sqrt(fan in), as PyTorch's layers start: beside filters of length 1, short ones. */
function smallUniform(seed: number): Initializer {
  return (scope, shape, dtype) => {
    const fanIn = shape.slice(0, -1).reduce((product, length) => product * length, 1);
    return initializers.uniform({ limit: 1 / Math.sqrt(fanIn), seed })(scope, shape, dtype);
  };
}
