/**
 * Keras's name of a weight as LAYER/WEIGHT: `conv1_conv/kernel` for that and for `model/conv1_conv/kernel:0`, as Keras 2
 * and nested models have it.
 */
export function kerasName(path: string): string {
  return path.replace(/:\d+$/u, '').split('/').slice(-2).join('/');
}

/**
 * Layers of one kind in the order in which Keras made them, for networks that leave the naming to Keras: `conv2d_7`
 * before `conv2d_12`. The numbers go on from network to network of one Python process, so only their order counts.
 *
 * @param names Tensor names, `LAYER/WEIGHT`. @param kind `conv2d`, `batch_normalization`.
 */
export function layersInOrder(names: Iterable<string>, kind: string): string[] {
  const layers = new Set([...names].map((name) => name.split('/')[0] ?? ''));
  const numberOf = (layer: string): number => Number(layer.slice(kind.length + 1) || 0);
  const isOfKind = (layer: string): boolean => new RegExp(`^${kind}(?:_\\d+)?$`, 'u').test(layer);
  return [...layers].filter(isOfKind).sort((a, b) => numberOf(a) - numberOf(b));
}
