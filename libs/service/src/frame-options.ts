import { z } from 'zod';
import { LOG_LEVELS } from './logger.js';

/**
 * Options that every service process has besides its own.
 *
 * @param healthPort The default: another one for each service, so that four fit on a machine.
 */
export function frameOptions(healthPort: number): FrameSchema {
  return frame.extend({
    healthPort: z.int().min(0).max(65535).default(healthPort).describe('0 takes a free one'),
  });
}

const frame = z.object({
  store: z.string().describe('directory:/path or minio:http://host:9000/bucket'),
  bus: z.string().default('nats://127.0.0.1:4222').describe('nats://host:4222'),
  natsAckWaitMs: z
    .int()
    .min(1_000)
    .default(30_000)
    .describe('work comes again when its worker was not heard of for this long; the same for all of a service'),
  healthHost: z.string().default('127.0.0.1').describe('where /healthz, /readyz and /metrics are'),
  logLevel: z.enum(LOG_LEVELS).default('info').describe(LOG_LEVELS.join(', ')),
});

type FrameSchema = z.ZodObject<typeof frame.shape & { readonly healthPort: z.ZodDefault<z.ZodInt> }>;

/** The resolved form of {@link frameOptions}. */
export type FrameOptions = z.output<FrameSchema>;
