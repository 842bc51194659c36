import { z } from 'zod';

const MEBIBYTE = 1024 * 1024;

/** What a person may set for the inference service. */
export const InferenceOptions = z.strictObject({
  host: z.string().default('127.0.0.1').describe('0.0.0.0 to be reached from other machines'),
  port: z.int().min(0).max(65535).default(8501).describe('0 takes a free one'),
  refreshSeconds: z.number().positive().default(5).describe('between looks at the model registry'),
  maxBodyBytes: z
    .int()
    .positive()
    .default(32 * MEBIBYTE)
    .describe('of one HTTP request'),
  maxImagePixels: z.int().positive().default(50_000_000).describe('width times height of one picture'),
  maxQueue: z.int().positive().default(256).describe('pictures that wait; more get 503'),
  engineThreads: z.int().min(0).default(0).describe("TensorFlow's; 0 takes every core"),
  cacheDirectory: z
    .string()
    .optional()
    .describe('for copies of models from a remote store, of this process alone; default a temporary one'),
});
/** The resolved form. */
export type InferenceOptions = z.output<typeof InferenceOptions>;
