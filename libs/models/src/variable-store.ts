import { initializers, variable, type Initializer, type Scope, type Variable } from '@bluewaters/tensorflow';

/** How a parameter starts. */
export type InitialValue = 'zeros' | 'he-normal' | 'glorot-uniform';

/** A parameter and whether weight decay applies to it. */
export interface Parameter {
  readonly variable: Variable;
  readonly decayed: boolean;
}

/**
 * The parameters of one graph by name. Asking twice for a name gives the same variable, so the training tower and the
 * evaluation tower share them. Each draws its start from the seed and its own name, so a network always starts from
 * the same weights whatever else is in the graph.
 */
export class VariableStore {
  readonly #scope: Scope;
  readonly #seed: number;
  readonly #parameters = new Map<string, Parameter>();

  /** @param scope Root of the graph: variable names are checkpoint names. */
  constructor(scope: Scope, seed: number) {
    this.#scope = scope;
    this.#seed = seed;
  }

  /**
   * The parameter `name`, made at the first call.
   * @param name As in the checkpoint, `conv1/weights`.
   * @param initial Anything but zeros marks a weight that decays; biases start at zero and do not decay.
   */
  get(name: string, shape: readonly number[], initial: InitialValue): Variable {
    const known = this.#parameters.get(name);
    if (known) return known.variable;
    const made = variable(this.#scope, name, {
      dtype: 'float32',
      shape,
      initializer: this.#initializer(initial),
    });
    this.#parameters.set(name, { variable: made, decayed: initial !== 'zeros' });
    return made;
  }

  /** All parameters in the order in which the network asked for them. */
  get parameters(): readonly Parameter[] {
    return [...this.#parameters.values()];
  }

  #initializer(initial: InitialValue): Initializer {
    const seed = this.#seed;
    if (initial === 'he-normal') return initializers.heNormal({ seed });
    return initial === 'glorot-uniform' ? initializers.glorotUniform({ seed }) : initializers.zeros();
  }
}
