import { rm } from 'node:fs/promises';
import { temporaryDirectory } from '@bluewaters/testing';
import { expect, it } from 'vitest';
import { Rendezvous } from './rendezvous.js';

it('any number of tasks ask the chief to stop at the same time, also when it has gone', async () => {
  const folder = await temporaryDirectory();
  const tasks = Array.from({ length: 20 }, () => new Rendezvous(folder));
  const chief = new Rendezvous(folder);
  expect(await chief.isToStop()).toBe(false);
  await Promise.all(tasks.map((task) => task.askToStop()));
  expect(await chief.isToStop()).toBe(true);
  await rm(folder, { recursive: true });
  await tasks[0]!.askToStop();
  expect(await chief.isToStop()).toBe(false);
});
