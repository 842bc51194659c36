import type { Signature } from '@bluewaters/records';
import type { Prediction } from '../engine/batch-queue.js';
import type { OutputBatch, TensorFacts } from '../engine/engine-messages.js';
import type { ServedVersion } from '../models/catalogue.js';
import type { LoadedVersion } from '../models/load-version.js';

/** Numbers, words, or lists of them as deep as the tensor's shape. */
type Nested = number | string | readonly Nested[];

/** A row of an output as JSON: [k] gives a list, a scalar itself. */
function nest({ shape, values }: OutputBatch): Nested {
  const build = (depth: number, offset: number): Nested => {
    if (depth === shape.length) return values[offset]!;
    const inner = shape.slice(depth + 1).reduce((product, size) => product * size, 1);
    return Array.from({ length: shape[depth]! }, (_, index) => build(depth + 1, offset + index * inner));
  };
  return build(0, 0);
}

/** TensorFlow Serving's answer to `instances`: an object a picture; a single output drops its name. */
export function rowAnswer(predictions: readonly Prediction[]): unknown {
  return predictions.map((prediction) => {
    const named = Object.entries(prediction).map(([name, output]) => [name, nest(output)] as const);
    return named.length === 1 ? named[0]![1] : Object.fromEntries(named);
  });
}

/** TensorFlow Serving's answer to `inputs`: a list an output; a single output drops its name. */
export function columnAnswer(predictions: readonly Prediction[]): unknown {
  const names = Object.keys(predictions[0] ?? {});
  const named = names.map((name) => [name, predictions.map((prediction) => nest(prediction[name]!))] as const);
  return named.length === 1 ? named[0]![1] : Object.fromEntries(named);
}

/** One class with its probability, 0 to 1. */
export interface ClassAnswer {
  readonly label: number;
  readonly synset: string;
  readonly words: string;
  readonly probability: number;
}

/** The most probable classes, falling; background is none of them. */
export function topClasses(signature: Signature, prediction: Prediction, top: number): ClassAnswer[] {
  const probabilities = prediction[signature.outputKeys[0]]!.values as ArrayLike<number>;
  return signature.classes
    .map(({ label, synset, words }) => ({ label, synset, words, probability: probabilities[label]! }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top);
}

const STATES = { loading: 'LOADING', ready: 'AVAILABLE', failed: 'END' } as const;

/** TensorFlow Serving's `model_version_status`. */
export function versionStatus(versions: readonly ServedVersion[]): unknown {
  return {
    model_version_status: versions.map(({ version, state, error }) => ({
      version: String(version),
      state: STATES[state],
      status:
        state === 'failed'
          ? { error_code: 'FAILED_PRECONDITION', error_message: error?.message ?? '' }
          : { error_code: 'OK', error_message: '' },
    })),
  };
}

/** TensorFlow Serving's `metadata`, and beside it what our own signature knows. */
export function metadata({ model, version, loaded }: ServedVersion & { readonly loaded: LoadedVersion }): unknown {
  const { tensors, signature } = loaded;
  const serving = {
    inputs: describeTensors(tensors.inputs),
    outputs: describeTensors(tensors.outputs),
    method_name: 'tensorflow/serving/predict',
  };
  return {
    model_spec: { name: model, signature_name: '', version: String(version) },
    metadata: { signature_def: { signature_def: { serving_default: serving } }, signature },
  };
}

const WIRE_TYPES: Readonly<Record<string, string>> = { float32: 'FLOAT', float64: 'DOUBLE' };

function describeTensors(tensors: Readonly<Record<string, TensorFacts>>): unknown {
  const described = Object.entries(tensors).map(([name, { dtype, shape }]) => [
    name,
    {
      dtype: `DT_${WIRE_TYPES[dtype] ?? dtype.toUpperCase()}`,
      tensor_shape: {
        dim: (shape ?? []).map((size) => ({ size: String(size), name: '' })),
        unknown_rank: shape === undefined,
      },
      name,
    },
  ]);
  return Object.fromEntries(described) as unknown;
}
