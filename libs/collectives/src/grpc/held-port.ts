import { createServer, type Server } from 'node:net';

/** A port that nobody else is given until it is released. */
export class HeldPort implements Disposable {
  readonly #server: Server;
  readonly number: number;

  private constructor(server: Server, number: number) {
    this.#server = server;
    this.number = number;
  }

  /** Takes one on all interfaces: that of a number, or one that the system chooses. Rejects with EADDRINUSE where it is taken. */
  static take(wanted = 0): Promise<HeldPort> {
    return new Promise((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(wanted, () => {
        const address = server.address();
        resolve(new HeldPort(server, typeof address === 'object' && address ? address.port : 0));
      });
      server.unref();
    });
  }

  /** Lets go of it, at once. A second call does nothing. */
  [Symbol.dispose](): void {
    this.#server.close();
  }
}
