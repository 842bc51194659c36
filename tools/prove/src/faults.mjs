/** What happens to ranks on large machines, done to those of one run at random times. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from './fuzz/random.mjs';
import { COMMAND, withJson } from './support.mjs';

/** @import { Beside } from './beside-ranks.mjs' */

/** The exit code of a run that stopped after a checkpoint. */
const STOPPED = 75;

/**
 * What can be done to a run: whether it was, since ranks may have gone by themselves. `ends` says that a generation ends by
 * it, `takes` that the newest checkpoint is gone.
 *
 * @typedef {{ does: (of: Run, random: Random) => Promise<boolean> | boolean, ends: boolean, takes?: boolean }} Fault
 */

/** @type {Readonly<Record<string, Fault>>} */
const KINDS = {
  'rank 0 killed': { does: (run) => run.signal(0, 'SIGKILL'), ends: true },
  'rank 1 killed': { does: (run) => run.signal(1, 'SIGKILL'), ends: true },
  'a rank stopped for good': { does: (run, random) => run.signal(random.below(2), 'SIGSTOP'), ends: true },
  'a rank held up for 2 s': { does: (run, random) => run.hold(random.below(2), 2_000), ends: false },
  'the run stopped and begun again': { does: (run) => run.stop(), ends: true },
  'NATS killed and emptied': { does: (run) => run.beside.loseNats(), ends: false },
  'the coordinator killed': { does: (run) => run.beside.killCoordinator(), ends: false },
  'the newest checkpoint cut short, and a rank killed': {
    does: (run) => run.signal(0, 'SIGKILL') && run.cutNewestCheckpoint(),
    ends: true,
    takes: true,
  },
};

/**
 * Runs a command that launches ranks until it is done, doing one thing after the other to them meanwhile.
 *
 * @param {readonly string[]} command
 * @param {{ run: string, folder: string, faults: number, beside: Beside }} options `folder` is the store's.
 * @returns What the command came to; how often what was done; generations; how often a whole checkpoint was not gone on from.
 */
export async function disturbed(command, { run, folder, faults, beside }) {
  const random = new Random(1, 0);
  const of = new Run(command, { run, folder, beside });
  /** @type {Record<string, number>} */
  const counts = {};
  for (let done = 0; done < faults && (await of.isTraining()); ) {
    await sleep(500 + random.below(2_500));
    const [name, fault] = random.pick(Object.entries(KINDS));
    const [newest = 0, before = 0] = of.checkpoints();
    if (!(await fault.does(of, random))) continue;
    done += 1;
    counts[name] = (counts[name] ?? 0) + 1;
    console.error(`  fault ${done}, with a checkpoint of step ${newest}: ${name}`);
    if (fault.ends) of.expect(fault.takes ? before : newest);
  }
  return { ...(await of.end()), counts };
}

/** A run that is launched, and launched again where it was stopped. */
class Run {
  #command;
  #run;
  #checkpoints;
  /** @type {import('node:child_process').ChildProcess} */
  #child;
  /** @type {Promise<number | null>} */
  #exited;
  #last = '';
  #generations = 0;
  #lost = 0;
  /** The step from which the next generation has to go on at least. */
  #expected = 0;
  /** When a checkpoint was cut short, by its step, in milliseconds since 1970: one of that step may be written anew. */
  #cuts = new Map();
  #isTraining = false;

  /** @param {readonly string[]} command @param {{ run: string, folder: string, beside: Beside }} options */
  constructor(command, { run, folder, beside }) {
    this.beside = beside;
    this.#command = command;
    this.#run = run;
    this.#checkpoints = join(folder, 'runs', run, 'checkpoint_dir');
    [this.#child, this.#exited] = this.#launch();
  }

  /** @returns {[import('node:child_process').ChildProcess, Promise<number | null>]} */
  #launch() {
    const child = spawn(process.execPath, [COMMAND, ...withJson(this.#command)], { stdio: ['ignore', 'pipe', 'pipe'] });
    createInterface({ input: child.stdout }).on('line', (line) => (this.#last = line));
    createInterface({ input: child.stderr }).on('line', (line) => this.#hear(line));
    return [child, new Promise((resolve) => child.once('close', resolve))];
  }

  /** @param {string} line */
  #hear(line) {
    const from = /going on from the checkpoint of step (\d+)/u.exec(line)?.[1];
    if (from !== undefined && Number(from) < this.#expected) {
      this.#lost += 1;
      console.error(`  went on from step ${from}, and ${this.#expected} was whole`);
    }
    if (/training: epoch/u.test(line) && !this.#isTraining) {
      this.#isTraining = true;
      this.#generations += 1;
    }
  }

  /** Waits until a generation makes steps. @returns False once the run has ended. */
  async isTraining() {
    while (!this.#isTraining && this.#isUnderWay()) await sleep(50);
    return this.#isTraining;
  }

  /** The next generation goes on from this step, or a later one. @param {number} step */
  expect(step) {
    this.#expected = step;
    this.#isTraining = false;
  }

  /** @param {number} rank @param {NodeJS.Signals} name */
  signal(rank, name) {
    const pid = this.#processOf(rank);
    if (pid !== undefined) process.kill(pid, name);
    return pid !== undefined;
  }

  /** @param {number} rank @param {number} ms */
  async hold(rank, ms) {
    if (!this.signal(rank, 'SIGSTOP')) return false;
    await sleep(ms);
    return this.signal(rank, 'SIGCONT');
  }

  async stop() {
    this.#child.kill('SIGTERM');
    return (await this.#exited) === STOPPED;
  }

  /** The steps of the whole checkpoints, the newest first. */
  checkpoints() {
    const steps = readdirSync(this.#checkpoints).flatMap((name) => /^model\.ckpt-(\d+)\.json$/u.exec(name)?.[1] ?? []);
    const whole = steps.map(Number).filter((step) => this.#isWhole(step));
    return whole.sort((one, other) => other - one);
  }

  /** Others are listed until one of the same step takes their place. @param {number} step */
  #isWhole(step) {
    const json = join(this.#checkpoints, `model.ckpt-${step}.json`);
    return (statSync(json, { throwIfNoEntry: false })?.mtimeMs ?? 0) > (this.#cuts.get(step) ?? -1);
  }

  cutNewestCheckpoint() {
    const [step] = this.checkpoints();
    const start = `model.ckpt-${step}.data-`;
    const name = readdirSync(this.#checkpoints).find((each) => each.startsWith(start));
    if (name === undefined) return false;
    this.#cuts.set(step, Date.now());
    truncateSync(join(this.#checkpoints, name), 1000);
    return true;
  }

  async end() {
    while (this.#isUnderWay()) await sleep(200);
    if (this.#child.exitCode !== 0)
      throw new Error(`the disturbed run ended with ${this.#child.exitCode}: ${this.#last}`);
    return { result: JSON.parse(this.#last), generations: this.#generations, lost: this.#lost };
  }

  /** Launches it again where it was stopped. */
  #isUnderWay() {
    if (this.#child.exitCode === STOPPED) [this.#child, this.#exited] = this.#launch();
    return this.#child.exitCode === null;
  }

  /** The process of a rank; undefined where it is gone. @param {number} rank */
  #processOf(rank) {
    /** @param {string} pid @param {string} file */
    const read = (pid, file) => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0');
      } catch {
        return [];
      }
    };
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/u.test(name))) {
      const isOfRun = read(pid, 'cmdline').some((arg, at, args) => arg === '--run' && args[at + 1] === this.#run);
      if (isOfRun && read(pid, 'environ').includes(`PMI_RANK=${rank}`)) return Number(pid);
    }
    return undefined;
  }
}
