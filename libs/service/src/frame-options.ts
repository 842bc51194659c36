import { z } from 'zod';
import { LOG_LEVELS } from './logger.js';

/** Options that every service process has besides its own. */
export function frameOptions(healthPort: number) {
  return {
    store: z.string().describe('directory:/path or minio:http://host:9000/bucket'),
    bus: z.string().default('nats://127.0.0.1:4222').describe('nats://host:4222'),
    healthHost: z.string().default('127.0.0.1').describe('where /healthz, /readyz and /metrics are'),
    healthPort: z.int().min(0).max(65535).default(healthPort).describe('0 takes a free one'),
    logLevel: z.enum(LOG_LEVELS).default('info').describe(LOG_LEVELS.join(', ')),
  };
}

/** The resolved form of {@link frameOptions}. */
export type FrameOptions = z.output<z.ZodObject<ReturnType<typeof frameOptions>>>;
