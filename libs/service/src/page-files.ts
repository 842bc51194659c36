import type { RequestHandler } from 'express';
import { fileURLToPath } from 'node:url';
import { loadExpress } from './load-late.js';

/** `base.css` and `icon.svg`, the same for all pages. */
const SHARED = fileURLToPath(new URL('../page/', import.meta.url));

/**
 * Serves the files of a page that needs nothing but these, what all pages share, and this server.
 *
 * @param directory Where they lie, `index.html` among them.
 * @param images Where its pictures come from, as a content security policy says it.
 */
export function pageFiles(directory: string, { images = "'self'" }: { readonly images?: string } = {}): RequestHandler {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src ${images}`,
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const express = loadExpress();
  const files = (folder: string): RequestHandler =>
    express.static(folder, { setHeaders: (response) => response.setHeader('Content-Security-Policy', policy) });
  return express.Router().use(files(directory), files(SHARED));
}
