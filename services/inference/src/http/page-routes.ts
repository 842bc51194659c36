import { fileURLToPath } from 'node:url';
import { pageFiles } from '@bluewaters/service';
import type { RequestHandler } from 'express';

/** `GET /`: the page where one drops a picture; its files lie beside the sources, in `page/`. */
export function pageRoutes(): RequestHandler {
  const directory = fileURLToPath(new URL('../../page/', import.meta.url));
  // A picture that was dropped is shown from the memory of the browser.
  return pageFiles(directory, { images: "'self' blob:" });
}
