import { z } from 'zod';

/** A name that people give: dataset, run, model. Safe as a part of a key, a subject and a file name. */
export const Name = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/u,
    '1 to 64 of a-z 0-9 _ -, starting and ending with a letter or digit',
  );

/** A sha256 in lower-case hexadecimal. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/u, '64 hexadecimal digits');

/** Where a service reads an input file: on a file system that it sees, or in the store. */
export const Source = z.union([
  z.strictObject({ path: z.string().startsWith('/').max(4096) }),
  z.strictObject({ key: z.string().min(1).max(1024) }),
]);
/** See {@link Source:variable}. */
export type Source = z.infer<typeof Source>;

/** The parts into which a dataset is divided. */
export const Split = z.enum(['train', 'validation', 'testing']);
/** See {@link Split:variable}. */
export type Split = z.infer<typeof Split>;
