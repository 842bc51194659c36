import type { Router } from 'express';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { createHttpApp } from './http-app.js';
import { loadExpress } from './load-late.js';
import { listen, type HttpServer, type ListenOptions } from './listen.js';
import type { RunningService } from './service.js';

/** What health is made of. */
export interface HealthSources {
  readonly readiness: RunningService['readiness'];
  readonly metrics: Registry;
}

/**
 * `GET /healthz`: 200 while the process answers at all. `GET /readyz`: 200, or 503 with `reasons`.
 * `GET /metrics`: Prometheus text.
 */
export function healthRoutes({ readiness, metrics }: HealthSources): Router {
  const router = loadExpress().Router();
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'live' });
  });
  router.get('/readyz', (_request, response) => {
    const { ready, reason } = readiness();
    if (ready) response.json({ status: 'ready' });
    else response.status(503).json({ status: 'not ready', reasons: [reason ?? 'no reason given'] });
  });
  router.get('/metrics', async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.metrics());
  });
  return router;
}

/** @throws {CodedError} PORT_IN_USE naming the port. */
export async function startHealthServer(
  sources: HealthSources & { readonly log: Logger },
  { host = '127.0.0.1', port }: Partial<ListenOptions> & Pick<ListenOptions, 'port'>,
): Promise<HttpServer> {
  return listen(createHttpApp({ log: sources.log, routes: (app) => app.use(healthRoutes(sources)) }), { host, port });
}
