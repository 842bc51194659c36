import { createHash } from 'node:crypto';
import { CodedError } from '@bluewaters/errors';
import { datasetKeys, parseManifest, type Manifest, type Split } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';

/**
 * The dataset's manifest, which must be the very one that was asked for.
 *
 * @throws {CodedError} MANIFEST_INVALID, also when a split has no example.
 */
export async function readManifest(
  store: ObjectStore,
  request: { readonly dataset: string; readonly manifest: string },
): Promise<Manifest> {
  const key = datasetKeys.manifest(request.dataset);
  const bytes = await store.get(key);
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== request.manifest) {
    throw new CodedError('MANIFEST_INVALID', 'The dataset is not the one that the run was asked to train on', {
      details: { file: key, expected: `sha256 ${request.manifest}`, got: digest },
    });
  }
  const manifest = parseManifest(bytes, { file: key });
  for (const split of ['train', 'validation'] as const) {
    if (countExamples(manifest, split) > 0) continue;
    throw new CodedError(
      'MANIFEST_INVALID',
      `The dataset has no example to ${split === 'train' ? 'train' : 'evaluate'} on`,
      {
        details: { file: key, field: `splits.${split}`, expected: 'at least one example', got: 'none' },
      },
    );
  }
  return manifest;
}

/** Examples of a split; 0 for one that the dataset does not have. */
export function countExamples(manifest: Manifest, split: Split): number {
  return (manifest.splits[split] ?? []).reduce((sum, { examples }) => sum + examples, 0);
}
