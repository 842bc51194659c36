import { loadPrometheus, type Counter, type Histogram, type Registry } from '@bluewaters/service';
import type { RequestHandler } from 'express';

/** What is counted; every name starts with `bluewaters_inference_`. */
export interface InferenceMetrics {
  readonly requests: Counter<'route' | 'method' | 'status'>;
  readonly requestSeconds: Histogram<'route'>;
  readonly batchImages: Histogram;
  readonly modelLoads: Counter<'model' | 'outcome'>;
  readonly engineRestarts: Counter;
}

/** @param queueLength Pictures that wait now. */
export function createMetrics(registry: Registry, queueLength: () => number): InferenceMetrics {
  const { Counter, Gauge, Histogram } = loadPrometheus();
  const registers = [registry];
  const name = (rest: string): string => `bluewaters_inference_${rest}`;
  new Gauge({
    name: name('queue_images'),
    help: 'Pictures that wait for the engine.',
    registers,
    collect() {
      this.set(queueLength());
    },
  });
  return {
    requests: new Counter({
      name: name('requests_total'),
      help: 'HTTP requests answered.',
      labelNames: ['route', 'method', 'status'],
      registers,
    }),
    requestSeconds: new Histogram({
      name: name('request_seconds'),
      help: 'From the first byte of a request to the last of its answer.',
      labelNames: ['route'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    batchImages: new Histogram({
      name: name('batch_images'),
      help: 'Pictures in one run of the engine.',
      buckets: [1, 2, 4, 8, 16, 32],
      registers,
    }),
    modelLoads: new Counter({
      name: name('model_loads_total'),
      help: 'Model versions that became ready or failed.',
      labelNames: ['model', 'outcome'],
      registers,
    }),
    engineRestarts: new Counter({
      name: name('engine_restarts_total'),
      help: 'Times that the engine ended by itself.',
      registers,
    }),
  };
}

/** Counts every request under the pattern of its route, so that model names and bad addresses make no new series. */
export function measureRequests({ requests, requestSeconds }: InferenceMetrics): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    response.once('close', () => {
      const route = routeOf(request.route as { path?: unknown } | undefined);
      requests.inc({ route, method: request.method, status: String(response.statusCode) });
      requestSeconds.observe({ route }, (performance.now() - startedAt) / 1000);
    });
    next();
  };
}

function routeOf(route: { path?: unknown } | undefined): string {
  const path: unknown = Array.isArray(route?.path) ? route.path[0] : route?.path;
  return typeof path === 'string' ? path.replaceAll('\\', '') : 'none';
}
