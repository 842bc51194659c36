import { spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Checkpointed,
  CoordinatedRuns,
  openBus,
  PhaseChanged,
  Runs,
  type CoordinatedRun,
  type MessageBus,
} from '@bluewaters/messages';
import { certificateAuthority, describeWith, startNats, until, type TestServer } from '@bluewaters/testing';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { COMMAND, runCli, startCli, withoutOptions, type Running } from './support/cli.js';
import { findRank, useStoreWithDataset } from './support/dataset.js';

const TRAINING = ['--dataset', 'd', '--network', 'lenet', '--batch', '8', '--threads', '1'];
/** 12 steps an epoch: more than any of these runs comes to. */
const FOR_LONG = ['--epochs', '4000', '--checkpoint-every-steps', '200'];
const PATIENCE_MS = 60_000;

vi.setConfig({ testTimeout: 180_000 });

await describeWith(['nats', 'openssl'], 'a coordinator of ranks over MPI, on a bus by TLS', () => {
  const premises = useStoreWithDataset();
  let nats: TestServer;
  let env: NodeJS.ProcessEnv;
  let bus: MessageBus;
  const running: Running[] = [];

  beforeAll(async () => {
    const authority = await certificateAuthority();
    env = { BLUEWATERS_NATS_CA_FILE: authority.certificateFile };
    Object.assign(process.env, env);
    nats = await startNats({ certificate: await authority.issue('IP:127.0.0.1') });
    bus = await openBus({ kind: 'nats', url: nats.url });
  }, 120_000);

  afterEach(async () => {
    for (const each of running.splice(0)) {
      each.process.kill('SIGTERM');
      await each.ended;
    }
  });

  afterAll(async () => {
    await bus.close();
    await nats.stop();
  });

  const start = (args: readonly string[]): Running => {
    const started = startCli(args, { env });
    running.push(started);
    return started;
  };

  const coordinate = async (): Promise<Running & { readonly page: string }> => {
    const coordinator = start(['coordinate', '--port', '0', '--bus', nats.url]);
    const [page = ''] = /http:\S+/u.exec(await coordinator.line(/coordinating on/u)) ?? [];
    return { ...coordinator, page };
  };

  const training = (run: string, ...more: string[]): string[] => [
    ...['train', ...TRAINING, ...FOR_LONG, '--run', run, '--bus', nats.url, ...premises.store, ...more],
  ];

  const launch = (run: string, ranks: number, ...more: string[]): Running =>
    start(['launch', '--ranks', String(ranks), '--', ...training(run, ...more)]);

  const steer = (order: string, run: string, ...more: string[]) =>
    runCli(['runs', order, run, '--bus', nats.url, '--json', ...more], { env });

  const endsByOrder = async (run: string, { ended }: Running): Promise<void> => {
    await steer('stop', run);
    expect((await ended).code).toBe(75);
  };

  const becomes = async (run: string, is: (record: CoordinatedRun) => boolean): Promise<CoordinatedRun> => {
    const runs = await bus.state(CoordinatedRuns);
    let seen: CoordinatedRun | undefined;
    const hasBecome = async (): Promise<boolean> => {
      seen = (await runs.get(run))?.value;
      return seen !== undefined && is(seen);
    };
    await until(`what ${is.toString()} wants of ${run}`, hasBecome, PATIENCE_MS);
    return seen!;
  };

  const makesSteps = (generation: number) => (record: CoordinatedRun) =>
    record.phase === 'running' && record.generation === generation && (record.figures?.step ?? 0) > 0;

  it('pauses a run, lets it go on with fewer ranks, and stops it, each time from a checkpoint', async () => {
    const { page } = await coordinate();
    const phases: string[] = [];
    const heard = await bus.subscribe(PhaseChanged, ({ phase, ranks }) => void phases.push(`${phase} ${ranks}`));
    const launched = launch('steered', 2);
    const first = await becomes('steered', makesSteps(1));
    expect(first).toMatchObject({ ranks: 2, arrived: 2, hosts: 1, missing: [], silent: [], figures: { batch: 8 } });
    const runs = [{ run: 'steered', counts: { fresh: 2, silent: 0, missing: 0 } }];
    expect(await (await fetch(`${page}/api/overview`)).json()).toMatchObject({ leads: true, runs });

    const evaluated = await steer('evaluate', 'steered');
    expect(evaluated.json()).toMatchObject({ evaluation: { examples: 24 } });
    expect(evaluated.json<{ step: number }>().step).toBeGreaterThanOrEqual(first.figures!.step);

    expect((await steer('pause', 'steered')).json()).toMatchObject({ phase: 'ending' });
    await becomes('steered', ({ phase }) => phase === 'paused');
    expect((await steer('evaluate', 'steered')).stderr).toContain('ORDER_REFUSED');
    const refused = await steer('pause', 'steered');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('ORDER_REFUSED')]);
    expect((await steer('scale', 'steered', '--ranks', '3')).stderr).toContain('expected a divisor of 8');
    await steer('scale', 'steered', '--ranks', '1');
    await steer('resume', 'steered');
    const second = await becomes('steered', makesSteps(2));
    expect(second).toMatchObject({ ranks: 1, arrived: 1 });
    expect(second.figures!.step).toBeGreaterThan(first.figures!.step);

    await endsByOrder('steered', launched);
    expect((await launched.ended).stderr).toMatch(/stopped after a checkpoint at step \d+/u);
    await becomes('steered', ({ phase }) => phase === 'stopped');
    await until('the events', () => phases.length === 8);
    await heard.stop();
    expect(phases).toEqual([
      ...['launching 2', 'running 2', 'ending 2', 'paused 2'],
      ...['launching 1', 'running 1', 'ending 1', 'stopped 1'],
    ]);
  });

  it('knows of the next generation when a rank was lost, and why', async () => {
    await coordinate();
    launch('bereaved', 2);
    await becomes('bereaved', makesSteps(1));
    const reasons: string[] = [];
    const heard = await bus.subscribe(PhaseChanged, ({ phase, reason }) => {
      if (phase === 'lost') reasons.push(reason ?? '');
    });
    process.kill(await findRank('bereaved', 1), 'SIGKILL');
    await becomes('bereaved', makesSteps(2));
    await until('the reason', () => reasons.length > 0);
    await heard.stop();
    expect(reasons).toEqual([expect.stringMatching(/^rank 1 on \S+ was lost$/u)]);
  });

  it('has runs that are submitted launched by who has room, and goes on with them elsewhere when that one has to go', async () => {
    await coordinate();
    const place = ['--ranks', '2', '--bus', nats.url, ...premises.store];
    const admit = (...more: string[]) => start(['runs', 'admit', ...place, ...more]);
    const submit = (...command: string[]) => runCli(['runs', 'submit', ...place, '--json', '--', ...command], { env });
    const command = ['train', ...TRAINING, '--epochs', '400', '--run', 'submitted'];
    expect((await submit(...command)).json()).toMatchObject({ phase: 'submitted', ranks: 2 });
    expect((await submit('train', '--dataset', 'none')).stderr).toContain('none');
    for (const bad of [['serve'], [...command, ...premises.store]]) {
      expect((await submit(...bad)).stderr).toContain('CONFIG_INVALID');
    }

    const first = admit('--json');
    const before = await becomes('submitted', makesSteps(1));
    first.process.kill('SIGTERM');
    expect((await first.ended).json()).toEqual({ launched: ['submitted'] });
    await becomes('submitted', ({ phase }) => phase === 'submitted');

    const second = admit();
    const after = await becomes('submitted', makesSteps(2));
    expect(after.figures!.step).toBeGreaterThanOrEqual(before.figures!.step);
    expect(after.launcher?.pid).toBe(second.process.pid);
    const said = second.line(/^submitted: Training was stopped after a checkpoint at step/u);
    await steer('stop', 'submitted');
    await becomes('submitted', ({ phase }) => phase === 'stopped');
    await said;
  });

  it('names the rank that the others wait for', async () => {
    await coordinate();
    launch('slow', 2);
    await becomes('slow', makesSteps(1));
    const pid = await findRank('slow', 1);
    // Two thirds of its time it does nothing.
    const hindering = setInterval(() => {
      process.kill(pid, 'SIGSTOP');
      setTimeout(() => process.kill(pid, 'SIGCONT'), 40);
    }, 60);
    try {
      await becomes('slow', ({ slowest }) => slowest?.rank === 1);
    } finally {
      clearInterval(hindering);
      await sleep(60);
      process.kill(pid, 'SIGCONT');
    }
  });

  it('keeps account of workers of parameter servers too, whose staleness it shows, and stops them', async () => {
    await coordinate();
    const launched = start(['launch', '--servers', '1', '--workers', '2', '--', ...training('served')]);
    const seen = await becomes('served', (record) => makesSteps(1)(record) && record.figures?.staleness !== undefined);
    expect(seen).toMatchObject({ ranks: 2, arrived: 2, figures: { batch: 8 } });
    await endsByOrder('served', launched);
    await becomes('served', ({ phase }) => phase === 'stopped');
  });

  /** One server, two workers, one that is neither. */
  const ROLES = ['server', 'chief', 'worker', 'bystander'];
  const layout = ['--servers', '1', '--workers', '2'];
  const lateSteps = (generation: number) => (record: CoordinatedRun) =>
    makesSteps(generation)(record) && record.figures?.staleness !== undefined && record.arrived === 4;

  it('knows which ranks over MPI are servers, workers and neither, where they are and how they do, and steers them', async () => {
    const { page } = await coordinate();
    const launched = launch('roles', 4, ...layout);
    const first = await becomes('roles', lateSteps(1));
    const host = hostname();
    expect(first).toMatchObject({
      ...{ ranks: 4, hosts: 1, figures: { batch: 8, loss: expect.any(Number) as number } },
      roles: ROLES.map((role, rank) => ({ role, count: 1, ranks: [rank], hosts: [host] })),
    });
    expect(first.figures!.imagesPerSecond).toBeGreaterThan(0);
    const shown = await runCli(['status', '--bus', nats.url, ...premises.store], { env });
    expect(shown.stdout).toContain(ROLES.map((role, rank) => `${role}: rank ${rank} on ${host}`).join('; '));
    const { ranks } = (await (await fetch(`${page}/api/runs/roles/ranks`)).json()) as { ranks: { role: string }[] };
    expect(ranks.map(({ role }) => role)).toEqual(ROLES);

    await steer('pause', 'roles');
    await becomes('roles', ({ phase }) => phase === 'paused');
    await steer('resume', 'roles');
    const second = await becomes('roles', lateSteps(2));
    expect(second.figures!.step).toBeGreaterThan(first.figures!.step);
    await endsByOrder('roles', launched);
    await becomes('roles', ({ phase }) => phase === 'stopped');
  });

  it('hears of roles that ranks learn when they have met, since it depends on their GPUs', async () => {
    await coordinate();
    const launched = launch('by-gpu', 4, '--layout', 'by-gpu');
    const seen = await becomes('by-gpu', lateSteps(1));
    const said = seen.roles?.map(({ role, ranks }) => `${role} ${ranks.join()}`);
    expect(said).toEqual(['server 0', 'chief 1', 'worker 2,3']);
    await endsByOrder('by-gpu', launched);
  });

  it('hears from the chief which generation begins, and how it ended, where no launcher of ours started the ranks', async () => {
    await coordinate();
    const segment = (count: number) => [
      '-n',
      String(count),
      process.execPath,
      COMMAND,
      ...training('segments', ...layout),
    ];
    const inherited = { ...withoutOptions(process.env), ...env };
    const ranks = spawn('mpiexec', [...segment(1), ':', ...segment(3)], { stdio: 'ignore', env: inherited });
    const exited = new Promise((resolve) => ranks.once('close', resolve));
    const seen = await becomes('segments', lateSteps(1));
    expect(seen.roles?.map(({ role }) => role)).toEqual(ROLES);
    await steer('stop', 'segments');
    await exited;
    const stopped = await becomes('segments', ({ phase }) => phase === 'stopped');
    expect(stopped.reason ?? '').not.toContain('heard of');
  });

  it('shows how many gradients came too late for updates that do not wait for backup workers', async () => {
    await coordinate();
    const backup = ['--update', 'synchronous', '--backup-workers', '1'];
    const launched = start(['launch', '--servers', '1', '--workers', '3', '--', ...training('backed', ...backup)]);
    await becomes('backed', ({ figures }) => (figures?.dropped ?? 0) > 0);
    const shown = await runCli(['status', '--bus', nats.url, ...premises.store], { env });
    expect(shown.stdout).toMatch(/backed .* \d+ gradients dropped/u);
    await endsByOrder('backed', launched);
  });

  it('is missed by nobody: training goes on without NATS and without it, and what happened is told later', async () => {
    const coordinator = await coordinate();
    const launched = launch('alone', 2);
    const before = await becomes('alone', makesSteps(1));
    coordinator.process.kill('SIGKILL');
    const told: number[] = [];
    const heard = await bus.subscribe(Checkpointed, ({ run, step }) => void (run === 'alone' && told.push(step)));
    await nats.kill();
    await sleep(8_000);
    await nats.restart({ empty: true });
    await coordinate();
    const after = await becomes('alone', makesSteps(1));
    expect(after.figures!.step).toBeGreaterThan(before.figures!.step);
    expect(after).toMatchObject({ generation: 1, ranks: 2, arrived: 2 });
    await until('the checkpoints', () => told.length > 1, PATIENCE_MS);
    await heard.stop();
    // In order, and none left out: there is one at the end of each epoch, and every 200 steps.
    const [first = 0, last = 0] = [told[0], told.at(-1)];
    const steps = Array.from({ length: last - first + 1 }, (_, n) => first + n);
    expect([...new Set(told)]).toEqual(steps.filter((step) => step % 12 === 0 || step % 200 === 0));
    expect((await (await bus.state(Runs)).get('alone'))?.value).toMatchObject({ state: 'running', network: 'lenet' });
    await endsByOrder('alone', launched);
  });

  it('is not needed: without one, ranks train as ever', async () => {
    const command = ['train', ...TRAINING, '--epochs', '1', '--run', 'free', '--bus', nats.url, ...premises.store];
    const ended = await runCli(['launch', '--json', '--ranks', '2', '--', ...command], { env });
    expect(ended.json()).toMatchObject({ generations: 1, result: { steps: 12 } });
    expect(ended.stderr).toContain('going on without a coordinator');
  });
});
