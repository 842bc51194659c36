import { InProcessBus, RankStepped } from '@bluewaters/messages';
import { until } from '@bluewaters/testing';
import { expect, it } from 'vitest';
import { figuresAt } from './coordinator/page/page.fixture.js';
import { LoneRuns } from './lone-runs.js';

it('knows of runs that are followed how their steps go, and nothing more of one that ended', async () => {
  const bus = new InProcessBus();
  const alone = new LoneRuns();
  const first = await alone.follow(bus, 'first', 1);
  await alone.follow(bus, 'second', 3);
  await bus.publish(RankStepped, { run: 'second', figures: figuresAt(120) });
  await bus.publish(RankStepped, { run: 'unknown', figures: figuresAt(7) });
  await until('its figures', () => alone.records()[1]?.figures !== undefined);
  const known = { ranks: 1, arrived: 1 };
  const second = { run: 'second', generation: 3, ...known, figures: figuresAt(120) };
  expect(alone.records()).toEqual([{ run: 'first', generation: 1, ...known }, second]);
  await first.stop();
  expect(alone.records()).toEqual([second]);
  await bus.close();
});
