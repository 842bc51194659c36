import { healthRoutes, type HealthSources } from '@bluewaters/service';
import type { Express } from 'express';
import { measureRequests, type InferenceMetrics } from '../metrics.js';
import type { Classifier } from './classifier.js';
import { modelRoutes } from './model-routes.js';
import { pageRoutes } from './page-routes.js';

/** What the routes need. */
export interface RouteSources {
  readonly classifier: Classifier;
  readonly health: HealthSources;
  readonly metrics: InferenceMetrics;
  /** Of one request. */
  readonly maxBodyBytes: number;
}

/** Every address of the service. */
export function addRoutes(app: Express, { classifier, health, metrics, maxBodyBytes }: RouteSources): void {
  app.use(measureRequests(metrics));
  app.use(healthRoutes(health));
  // KServe's protocol; the field of `ready` is called `live` in TensorFlow's neighbours, so both are given.
  app.get('/v2/health/live', (_request, response) => {
    response.json({ live: true });
  });
  app.get('/v2/health/ready', (_request, response) => {
    const { ready } = health.readiness();
    response.status(ready ? 200 : 503).json({ ready, live: ready });
  });
  app.use(modelRoutes(classifier, { maxBodyBytes }));
  app.use(pageRoutes());
}
