import { join } from 'node:path';
import { z } from 'zod';

/**
 * How a store is named in options; secrets never are: MinIO's come from the environment
 * (`BLUEWATERS_MINIO_ACCESS_KEY`, `BLUEWATERS_MINIO_SECRET_KEY`, for credentials that are lent also
 * `BLUEWATERS_MINIO_SESSION_TOKEN`; or the same names with `_FILE`).
 */
export const StoreOptions = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('memory') }),
  z.strictObject({ kind: z.literal('directory'), path: z.string().min(1) }),
  z.strictObject({ kind: z.literal('minio'), url: z.url(), bucket: z.string().min(3).max(63) }),
]);

/** See {@link StoreOptions:variable}. */
export type StoreOptions = z.infer<typeof StoreOptions>;

/**
 * A folder for copies of what is in a remote store, within another one: runs and datasets of two stores may have the same
 * names. A store that is a folder has no copies that would be told apart by it.
 */
export function folderOfCopies(within: string, store: StoreOptions): string {
  if (store.kind !== 'minio') return within;
  return join(within, `${store.url}-${store.bucket}`.replace(/[^\w.-]+/gu, '-'));
}
