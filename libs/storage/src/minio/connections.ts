import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';

const SILENCE_MS = 60_000;
const OPTIONS = { keepAlive: true, maxSockets: 32, timeout: SILENCE_MS };

/** Connections that are kept for the next call, and cut when the server has been silent for a minute. */
export function makeAgent(isSecure: boolean): http.Agent {
  return isSecure ? new CuttingHttpsAgent(OPTIONS) : new CuttingAgent(OPTIONS);
}

type Created = (error: Error | null, stream: Duplex) => void;

class CuttingAgent extends http.Agent {
  override createConnection(options: http.ClientRequestArgs, callback?: Created): Duplex | null | undefined {
    return cutWhenSilent(super.createConnection(options, callback));
  }
}

class CuttingHttpsAgent extends https.Agent {
  override createConnection(options: https.RequestOptions, callback?: Created): Duplex | null | undefined {
    return cutWhenSilent(super.createConnection(options, callback));
  }
}

/** Node only tells of the silence; without this the call would wait for ever. */
function cutWhenSilent(socket: Duplex | null | undefined): Duplex | null | undefined {
  socket?.once('timeout', () => socket.destroy(new Error(`No answer within ${SILENCE_MS} ms`)));
  return socket;
}
