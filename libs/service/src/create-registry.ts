import type { Registry } from 'prom-client';
import { loadPrometheus } from './load-late.js';

/** Where a process keeps its metrics, for `ServicePorts`; none at first. */
export function createRegistry(): Registry {
  return new (loadPrometheus().Registry)();
}
