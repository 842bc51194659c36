import { CodedError, toCodedError } from '@bluewaters/errors';
import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { loadExpress } from './load-late.js';

/** What every HTTP server of the product has besides its routes. */
export interface HttpAppOptions {
  /** Adds the routes. */
  readonly routes: (app: Express) => void;
  /** Faults of ours and refusals of the machine (5xx) are logged here, with the request's id. */
  readonly log: Logger;
}

/** For answers that are no page: nothing may be loaded, framed or guessed from them. A page sets its own policy. */
const SECURITY_HEADERS = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

/**
 * An express application with security headers, an `X-Request-Id` on every answer (the caller's, where it is sane), and
 * every error as JSON: `{"error": "…", "code": "…"}` with the status of the code table.
 */
export function createHttpApp({ routes, log }: HttpAppOptions): Express {
  const app = loadExpress()();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(identify);
  routes(app);
  app.use((request) => {
    throw new CodedError('NOT_FOUND', `There is nothing at ${request.method} ${request.path}`);
  });
  app.use(answerWithError(log));
  return app;
}

const identify: RequestHandler = (request, response, next) => {
  const given = request.get('x-request-id');
  response.set(SECURITY_HEADERS);
  response.set('X-Request-Id', given !== undefined && /^[\w.:-]{1,128}$/u.test(given) ? given : randomUUID());
  next();
};

function answerWithError(log: Logger): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (thrown: unknown, request, response, _next) => {
    const error = fromHttpError(thrown);
    const status = error.httpStatus;
    if (status >= 500) {
      log.error({ err: thrown, requestId: response.get('X-Request-Id'), path: request.path }, 'request failed');
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error.retryable) response.set('Retry-After', '1');
    // What is left of a body that was too large is not read: the connection can't be used again.
    if (status === 413) response.set('Connection', 'close');
    response.status(status).json({ error: publicMessage(error), code: error.code });
  };
}

/** An unforeseen error may tell of our insides; its text stays in the log. */
function publicMessage(error: CodedError): string {
  return error.code === 'INTERNAL' ? 'A fault of the server; its log has more under this request id' : error.message;
}

/** Express and its body parsers throw errors with a status and a type; ours have a code. */
function fromHttpError(thrown: unknown): CodedError {
  const { status, type, message } = Object(thrown) as { status?: unknown; type?: unknown; message?: string };
  if (toCodedError(thrown) === thrown || typeof status !== 'number') return toCodedError(thrown);
  if (status === 413) return new CodedError('REQUEST_TOO_LARGE', 'The body is larger than the limit');
  if (type === 'entity.parse.failed') return new CodedError('REQUEST_INVALID', `JSON Parse error: ${message}`);
  return status < 500 ? new CodedError('REQUEST_INVALID', `Malformed request: ${message}`) : toCodedError(thrown);
}
