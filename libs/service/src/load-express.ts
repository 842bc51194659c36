import { createRequire } from 'node:module';
import type express from 'express';

/** Express takes a tenth of a second of the processor to load, which a process that serves no one should not pay. */
export function loadExpress(): typeof express {
  return createRequire(import.meta.url)('express') as typeof express;
}
