/** NATS and a coordinator beside ranks, which can do without both. */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@bluewaters/collectives';
import { getNats } from '../../setup/src/servers.mjs';
import { COMMAND } from './support.mjs';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/** Both, each killed when it is asked for, and started again. */
export class Beside {
  #program;
  #folder;
  #port;
  /** @type {ChildProcess} */
  #nats;
  /** @type {ChildProcess} */
  #coordinator;
  #isOver = false;

  /** @param {string} program @param {string} folder @param {number} port */
  constructor(program, folder, port) {
    this.#program = program;
    this.#folder = folder;
    this.#port = port;
    this.#nats = this.#serve();
    this.#coordinator = this.#coordinate();
  }

  /** @param {string} folder For what NATS keeps. */
  static async start(folder) {
    return new Beside(await getNats(process.env), folder, await freePort());
  }

  /** Where ranks find both. */
  get flags() {
    return ['--bus', `nats://127.0.0.1:${this.#port}`];
  }

  /** It comes back without anything that it knew. */
  loseNats() {
    const wasAlive = this.#nats.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
    this.#nats = this.#serve();
    return wasAlive;
  }

  /** Another takes its place. */
  killCoordinator() {
    return this.#coordinator.kill('SIGKILL');
  }

  stop() {
    this.#isOver = true;
    for (const child of [this.#coordinator, this.#nats]) child.kill('SIGKILL');
  }

  #serve() {
    mkdirSync(this.#folder, { recursive: true });
    const place = ['--addr', '127.0.0.1', '--port', String(this.#port), '--jetstream', '--store_dir', this.#folder];
    return spawn(this.#program, place, { stdio: 'ignore' });
  }

  /** One that ends, as it does where NATS does not answer yet, is followed by the next. */
  #coordinate() {
    const child = spawn(process.execPath, [COMMAND, 'coordinate', '--port', '0', ...this.flags], { stdio: 'ignore' });
    child.once('exit', async () => {
      await sleep(500);
      if (!this.#isOver) this.#coordinator = this.#coordinate();
    });
    return child;
  }
}
