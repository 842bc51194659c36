import express, { Router } from 'express';
import { fileURLToPath } from 'node:url';

/** The page needs nothing but its own three files, the pictures that are dropped on it, and this server. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `GET /`: the page where one drops a picture; its files lie beside the sources, in `page/`. */
export function pageRoutes(): Router {
  const directory = fileURLToPath(new URL('../../page/', import.meta.url));
  const router = Router();
  router.use(
    express.static(directory, {
      setHeaders: (response) => response.setHeader('Content-Security-Policy', PAGE_POLICY),
    }),
  );
  return router;
}
