import { CodedError } from '@bluewaters/errors';
import type { Request, RequestHandler } from 'express';
import { isIP } from 'node:net';
import { hostname } from 'node:os';

/**
 * Refuses requests whose `Host` is neither an address nor a name of this machine: a page elsewhere whose name is made to
 * point here (DNS rebinding) would pass for our own.
 */
export const fromOwnName: RequestHandler = (request, _response, next) => {
  const { host = '' } = request.headers;
  if (!isOwnName(host)) throw refusal('host', 'an address or the name of this machine', host);
  next();
};

/**
 * Refuses what another site's page sends. JSON is asked for since no form sends it; whoever is no browser names neither
 * origin nor site, and has nothing of a person's to abuse.
 */
export const fromOwnPage: RequestHandler = (request, _response, next) => {
  if (!request.is('application/json')) {
    throw refusal('content-type', 'application/json', request.get('content-type') ?? 'none');
  }
  const site = request.get('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin') throw refusal('sec-fetch-site', 'same-origin', site);
  const origin = request.get('origin');
  // Browsers tell the site over TLS and on loopback; elsewhere the origin has to do.
  if (site === undefined && origin !== undefined && !isOriginOf(origin, request)) {
    throw refusal('origin', `http://${request.headers.host ?? ''}`, origin);
  }
  next();
};

function isOwnName(host: string): boolean {
  if (!URL.canParse(`http://${host}`)) return false;
  const name = new URL(`http://${host}`).hostname;
  const own = hostname().toLowerCase();
  const names = ['localhost', own, own.split('.')[0]];
  return isIP(name.replace(/^\[|\]$/gu, '')) !== 0 || names.includes(name);
}

function isOriginOf(origin: string, request: Request): boolean {
  return URL.canParse(origin) && new URL(origin).host === request.headers.host;
}

function refusal(field: string, expected: string, got: string): CodedError {
  const details = { field, expected, got: got.slice(0, 200) };
  return new CodedError('REQUEST_INVALID', 'The request does not come from this page', { details });
}
