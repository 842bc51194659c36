import { createRegistry } from '@bluewaters/service';
import { describe, expect, it } from 'vitest';
import { coordinatedRun, figuresAt, KnownRuns } from './coordinator/page/page.fixture.js';
import { coordinatedRuns, measureRuns } from './run-metrics.js';

describe('what Prometheus is told of runs', () => {
  const told = async (runs: KnownRuns): Promise<string[]> => {
    const registry = createRegistry();
    measureRuns(() => coordinatedRuns(runs), registry);
    return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  };

  it('is the figures of each that is under way, with those of rank 0 once it has some', async () => {
    const runs = new KnownRuns();
    const figures = figuresAt(120, { loss: 0.5, imagesPerSecond: 640 });
    runs.know(coordinatedRun({ run: 'digits', generation: 2, arrived: 3, figures }));
    runs.know(coordinatedRun({ run: 'first', figures: undefined }));
    runs.know(coordinatedRun({ run: 'ended', phase: 'done' }));
    expect(await told(runs)).toEqual([
      'bluewaters_run_generation{run="digits"} 2',
      'bluewaters_run_generation{run="first"} 1',
      'bluewaters_run_ranks{run="digits"} 4',
      'bluewaters_run_ranks{run="first"} 4',
      'bluewaters_run_ranks_arrived{run="digits"} 3',
      'bluewaters_run_ranks_arrived{run="first"} 4',
      'bluewaters_run_step{run="digits"} 120',
      'bluewaters_run_epoch{run="digits"} 1',
      'bluewaters_run_loss{run="digits"} 0.5',
      'bluewaters_run_images_per_second{run="digits"} 640',
      'bluewaters_run_step_seconds{run="digits",part="input"} 0.01',
      'bluewaters_run_step_seconds{run="digits",part="compute"} 0.08',
      'bluewaters_run_step_seconds{run="digits",part="reduce"} 0.01',
    ]);
  });

  it('is nothing where another coordinator leads', async () => {
    const runs = new KnownRuns();
    runs.know(coordinatedRun());
    runs.leads = false;
    expect(await told(runs)).toEqual([]);
  });
});
