import type { RunningService } from '@bluewaters/service';
import type { Catalogue, ServedVersion } from './models/catalogue.js';

/**
 * Ready means that a request would be answered: the registry was looked at, every model that can be loaded answers with
 * some version, and there is at least one. Loading a newer version changes nothing while the older one answers, and a
 * damaged model does not take the others along.
 */
export function readinessOf(catalogue: Catalogue): ReturnType<RunningService['readiness']> {
  if (!catalogue.refreshed) return { ready: false, reason: 'looking at the model registry' };
  const models = catalogue.models();
  if (models.length === 0) return { ready: false, reason: 'the registry has no model yet' };
  const silent = models.filter((model) => !catalogue.versions(model).some(({ state }) => state === 'ready'));
  const loading = silent.find((model) => catalogue.versions(model).some(({ state }) => state === 'loading'));
  if (loading !== undefined) return { ready: false, reason: explain(catalogue.versions(loading)) };
  if (silent.length === models.length) return { ready: false, reason: explain(catalogue.versions(silent[0])) };
  return { ready: true };
}

function explain(versions: readonly ServedVersion[]): string {
  const { model, version, state, error } = versions.find(({ state }) => state === 'loading') ?? versions[0]!;
  const why = error === undefined ? '' : `: ${error.code} ${error.message}`;
  return `${model} version ${version} ${state === 'loading' ? 'is loading' : 'failed'}${why}`;
}
