import { CodedError } from '@bluewaters/errors';
import { Name, Steer, SteerRequest, type MessageBus } from '@bluewaters/messages';
import { loadExpress, pageFiles } from '@bluewaters/service';
import type { Request, Router } from 'express';
import { fileURLToPath } from 'node:url';
import type { LiveStream } from './live-stream.js';
import type { OverviewSource } from './overview-source.js';
import { fromOwnName, fromOwnPage } from './same-origin.js';

const MOST_RANKS_AT_ONCE = 1024;
const LARGEST_ORDER = '4kb';

/** What the routes need. */
export interface PageSources {
  readonly source: OverviewSource;
  readonly live: LiveStream;
  /** Where orders go. */
  readonly bus: MessageBus;
}

/** Every address of the page's server. */
export function pageRoutes({ source, live, bus }: PageSources): Router {
  const { json, Router } = loadExpress();
  const router = Router();
  router.use(fromOwnName);
  router.get('/api/overview', (_request, response) => {
    response.set('Cache-Control', 'no-store').json(source.overview());
  });
  router.get('/api/live', (_request, response) => live.add(response));
  router.get('/api/runs/:run', (request, response) => {
    const detail = source.detail(runOf(request));
    if (!detail) throw new CodedError('RUN_UNKNOWN', `Nothing is known here of a run ${runOf(request)}`);
    response.set('Cache-Control', 'no-store').json(detail);
  });
  router.get('/api/runs/:run/ranks', (request, response) => {
    const from = wholeNumber(request, 'from', { least: 0, most: Number.MAX_SAFE_INTEGER, otherwise: 0 });
    const count = wholeNumber(request, 'count', { least: 1, most: MOST_RANKS_AT_ONCE, otherwise: MOST_RANKS_AT_ONCE });
    response.set('Cache-Control', 'no-store').json({ ranks: source.ranks(runOf(request), from, count) });
  });
  router.post('/api/runs/:run/steer', fromOwnPage, json({ limit: LARGEST_ORDER }), async (request, response) => {
    response.json(await bus.request(Steer, orderOf(request)));
  });
  router.use(pageFiles(fileURLToPath(new URL('../../../page/', import.meta.url))));
  return router;
}

function runOf(request: Request): string {
  const { run } = request.params as { run: string };
  if (Name.safeParse(run).success) return run;
  throw new CodedError('RUN_UNKNOWN', `No run has such a name: ${run.slice(0, 200)}`);
}

function orderOf(request: Request): SteerRequest {
  const given: unknown = request.body;
  const { success, data, error } = SteerRequest.safeParse({ ...Object(given), run: runOf(request) });
  if (success) return data;
  const [issue] = error.issues;
  throw new CodedError('REQUEST_INVALID', 'That is no order', {
    details: { field: issue?.path.join('.') ?? 'body', expected: issue?.message ?? 'an order' },
  });
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly otherwise: number;
}

function wholeNumber(request: Request, field: string, { least, most, otherwise }: Bounds): number {
  const given = request.query[field];
  if (given === undefined) return otherwise;
  const value = typeof given === 'string' && /^\d{1,15}$/u.test(given) ? Number(given) : NaN;
  if (value >= least && value <= most) return value;
  const got = typeof given === 'string' ? given.slice(0, 200) : 'more than one';
  const details = { field, expected: `a whole number from ${least} to ${most}`, got };
  throw new CodedError('REQUEST_INVALID', 'Malformed request', { details });
}
