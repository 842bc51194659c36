/** Packages that only those processes load which serve someone: each takes the processor for a twentieth to a tenth of a second. */
import { createRequire } from 'node:module';
import type express from 'express';
import type * as pino from 'pino';
import type * as prometheus from 'prom-client';

const require = createRequire(import.meta.url);

/** Express, for processes that answer over HTTP. */
export function loadExpress(): typeof express {
  return require('express') as typeof express;
}

/** The client library of Prometheus, for processes that count: metrics are made with `registers: [ports.metrics]`. */
export function loadPrometheus(): typeof prometheus {
  return require('prom-client') as typeof prometheus;
}

/** The logger of services. */
export function loadPino(): typeof pino {
  return require('pino') as typeof pino;
}
