import type { CodedError } from '@bluewaters/errors';
import { describe, it } from 'vitest';
import { whyNoCertificates } from './servers/certificate-authority.js';
import { minioProgram } from './servers/minio.js';
import { natsProgram } from './servers/nats.js';
import { whyMissing } from './servers/test-server.js';
import { whyNoOtherAccount } from './other-account.js';
import { whyNoSmallDisk } from './small-disk.js';

const NEEDS = {
  nats: () => whyMissing(natsProgram()),
  minio: () => whyMissing(minioProgram()),
  openssl: whyNoCertificates,
  'small disk': whyNoSmallDisk,
  'other accounts': whyNoOtherAccount,
} as const satisfies Record<string, () => Promise<CodedError | undefined>>;

/** What a machine may lack. */
export type Need = keyof typeof NEEDS;

/**
 * Describes tests that need something of the machine. Where it lacks that, they are left out and the title says how to
 * get it; with `BLUEWATERS_STRICT=1` they fail instead.
 */
export async function describeWith(needs: readonly Need[], title: string, tests: () => void): Promise<void> {
  const found = await Promise.all(needs.map((need) => NEEDS[need]()));
  const missing = found.find((error) => error !== undefined);
  if (!missing) {
    describe(title, tests);
  } else if (process.env['BLUEWATERS_STRICT'] === '1') {
    it(`${title} [needs what is not here]`, () => {
      throw missing;
    });
  } else {
    describe.skip(`${title} [left out: ${missing.message}]`, tests);
  }
}
