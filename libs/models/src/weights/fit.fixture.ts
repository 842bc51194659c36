/** Whether a mapping has a use for each tensor of a file and a tensor of the right shape for each variable; reads no values. */
import { Graph } from '@bluewaters/tensorflow';
import { networkByName, publishedWeights, TrainingTower, VariableStore, type WeightSource } from '../index.js';

/** What a network is made of, and a file of weights for it. */
export interface Fitted {
  readonly naming: WeightSource['naming'];
  /** Shapes by name. */
  readonly tensors: ReadonlyMap<string, readonly number[]>;
  /** Classes + 1. */
  readonly outputs: number;
  /** Side of the pictures, in pixels. */
  readonly size: number;
  /** With what a network has only while it is trained. */
  readonly training?: boolean;
}

/** What does not fit, in words; and how many variables there are by the names that they begin with. */
export function fitOf(name: string, { naming, tensors, outputs, size, training = false }: Fitted) {
  const network = networkByName(name);
  using graph = new Graph();
  const scope = graph.scope();
  const store = new VariableStore(scope, 1);
  const tower = training ? { training: new TrainingTower(1, scope.constant(0n)) } : {};
  network.build({ scope, variables: store, ...tower }, scope.placeholder('float32', [1, size, size, 3]), outputs);
  const origins = publishedWeights(network, { naming }).mapping({ tensors, outputs });
  const misfits: string[] = [];
  for (const { name: variable, shape } of store.variables) {
    const origin = origins.get(variable);
    const [found, ...more] = origin?.tensors.map((tensor) => tensors.get(tensor)) ?? [];
    if (!origin || !found || more.includes(undefined)) misfits.push(`${variable} has nothing`);
    else {
      const empty = [found, ...more].map((lengths) => ({ shape: lengths ?? [], values: new Float32Array() }));
      const made = origin.make(...empty).shape.join();
      if (made !== shape.join()) misfits.push(`${variable} is [${shape.join()}] and gets [${made}]`);
    }
  }
  const used = new Set([...origins.values()].flatMap((origin) => origin.tensors));
  misfits.push(...[...tensors.keys()].filter((tensor) => !used.has(tensor)).map((tensor) => `${tensor} has no use`));
  return { misfits, variables: store.variables.map((variable) => variable.name) };
}
