/** A rank's connection with whoever launched it. */
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { Line } from '@bluewaters/collectives';
import { alsoTell, type EndWord } from './rank-word.js';

/** What a rank says on its connection. */
export type LineWord =
  /** The first, by who knows the launch's token. */
  | { readonly kind: 'here'; readonly token: string; readonly rank: number; readonly host: string }
  /** How it ends, where it does not end well. */
  | { readonly kind: 'ends'; readonly word: EndWord }
  /** It ends by itself: what breaks off without a last word was killed. */
  | { readonly kind: 'leaves' };

/**
 * Calls whoever launched this rank, where the environment says how. The connection lasts until the process ends; nobody
 * waits for it, and where it cannot be made or breaks, nothing is lost but the number of a rank that is killed. So it is
 * made before the libraries are opened that a process takes longest to close.
 */
export function callLauncher(rank: number): void {
  const [host = '', port, token] = (process.env['BLUEWATERS_LAUNCHED_BY'] ?? '').split(':');
  if (!token) return;
  const own = hostname();
  const socket = connect(Number(port), host === own ? '127.0.0.1' : host).unref();
  const called = new Line<LineWord, never>(socket, {
    message: () => undefined,
    closed: () => undefined,
    isTrusted: true,
  });
  called.send({ kind: 'here', token, rank, host: own });
  process.once('exit', () => called.send({ kind: 'leaves' }));
  // Launchers drop the last words on stderr of a process that ends at once.
  alsoTell((word) => called.send({ kind: 'ends', word }));
}
