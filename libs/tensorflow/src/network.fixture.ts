import {
  add,
  avgPool,
  biasAdd,
  conv2d,
  fusedBatchNorm,
  initializers,
  matMul,
  maxPool,
  relu,
  reshape,
  softmax,
  variable,
  type Operation,
  type Output,
  type SavedModelAsset,
  type SavedModelSignature,
  type Scope,
  type Variable,
} from './index.js';

/** A small network of what image classifiers are made of, for ten classes. */
export function convolutionalNetwork(
  scope: Scope,
  size: number,
): { x: Output; probabilities: Output; variables: Variable[] } {
  const x = scope.placeholder('float32', [null, size, size, 3], { name: 'x' });
  const variables: Variable[] = [];
  const weights = (name: string, shape: number[], initializer = initializers.heNormal({ seed: variables.length })) => {
    const made = variable(scope, name, { dtype: 'float32', shape, initializer });
    variables.push(made);
    return made.value;
  };
  const block = (input: Output, name: string, channels: [number, number]) => {
    const convolved = conv2d(scope, input, weights(`${name}/weights`, [3, 3, ...channels]));
    const statistics = ['scale', 'offset', 'mean', 'variance'].map((part, i) =>
      weights(`${name}/${part}`, [channels[1]], initializers.constant([1.2, 0.1, 0.3, 0.8][i]!)),
    );
    const [scale, offset, mean, variance] = statistics as [Output, Output, Output, Output];
    const { y } = fusedBatchNorm(scope, convolved, { scale, offset, mean, variance }, { training: false });
    return relu(scope, y);
  };
  const first = maxPool(scope, block(x, 'conv1', [3, 8]), [2, 2]);
  const second = avgPool(scope, block(first, 'conv2', [8, 16]), [2, 2]);
  const features = (size / 4) ** 2 * 16;
  const product = matMul(scope, reshape(scope, second, [-1, features]), weights('fc/weights', [features, 10]));
  const logits = biasAdd(scope, product, weights('fc/biases', [10], initializers.constant(0.1)));
  return { x, probabilities: softmax(scope, logits, { name: 'probabilities' }), variables };
}

/** A table of words, filled from a file when the model is loaded, and two ways to ask for a word's line. */
export function wordTable(
  scope: Scope,
  file: string,
): { signatures: Record<'label' | 'twice', SavedModelSignature>; initializer: Operation; assets: SavedModelAsset[] } {
  const words = scope.placeholder('string', [null], { name: 'words' });
  const path = scope.constant(file, { dtype: 'string', name: 'vocabulary' });
  const types = { key_dtype: 'string', value_dtype: 'int64' };
  const table = scope.op('HashTableV2', { attributes: types }).output();
  const wholeLineToItsNumber = { key_index: -2, value_index: -1 };
  const initializer = scope.op('InitializeTableFromTextFileV2', {
    inputs: [table, path],
    attributes: wholeLineToItsNumber,
  });
  const label = scope.op('LookupTableFindV2', { inputs: [table, words, scope.constant(-1n)] }).output();
  return {
    signatures: {
      label: { inputs: { words }, outputs: { label } },
      twice: { inputs: { words }, outputs: { label: add(scope, label, label) } },
    },
    initializer,
    assets: [{ output: path, file }],
  };
}
