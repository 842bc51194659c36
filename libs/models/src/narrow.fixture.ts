/** Networks of fewer channels, which show in seconds what the published ones show in minutes. */
import type { Scope, Variable } from '@bluewaters/tensorflow';
import { VariableStore, type InitialValue } from './variable-store.js';

/** Gives each layer but those of the logits a part of the filters or units that it asks for; all else follows from them. */
export class NarrowStore extends VariableStore {
  readonly #divisor: number;

  /** @param divisor Of the widths of layers: it divides each of them. */
  constructor(scope: Scope, seed: number, divisor: number) {
    super(scope, seed);
    this.#divisor = divisor;
  }

  override get(name: string, shape: readonly number[], initial: InitialValue): Variable {
    const narrowed = name.endsWith('/weights') && !name.endsWith('logits/weights');
    const width = shape.at(-1) ?? 1;
    return super.get(name, narrowed ? [...shape.slice(0, -1), width / this.#divisor] : shape, initial);
  }
}
