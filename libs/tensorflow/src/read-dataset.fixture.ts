/** What the specs of datasets have in common: reading one to its end. */
import { dataset, isEndOfSequence, Session, type Dataset, type RunRequest, type Scope, type Tensor } from './index.js';

/** All elements of one epoch; of each only its first component. */
export async function readAll(scope: Scope, described: Dataset, feeds: RunRequest['feeds'] = []): Promise<Tensor[]> {
  const { initializer, next } = dataset.iterator(scope, described);
  using session = new Session(scope.graph);
  return await readEpoch(session, { initializer, next, feeds });
}

/** Starts the iterator, and reads all elements in one session; of each only its first component. */
export async function readEpoch(
  session: Session,
  { initializer, next, feeds = [] }: dataset.DatasetIterator & Pick<RunRequest, 'feeds'>,
): Promise<Tensor[]> {
  await session.run({ feeds, targets: [initializer] });
  const elements: Tensor[] = [];
  try {
    for (;;) elements.push((await session.run({ fetches: [next[0]!] }))[0]!);
  } catch (error) {
    if (isEndOfSequence(error)) return elements;
    throw error;
  }
}

/** The strings of tensors, one after the other. */
export function texts(tensors: readonly Tensor[]): string[] {
  return tensors.flatMap((tensor) => tensor.strings().map(String));
}

/** The numbers of tensors, one after the other. */
export function numbers(tensors: readonly Tensor[]): number[] {
  return tensors.flatMap((tensor) => Array.from(tensor.values(), Number));
}
