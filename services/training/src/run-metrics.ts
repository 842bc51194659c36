import type { CoordinatedRun } from '@bluewaters/messages';
import { loadPrometheus, type Registry } from '@bluewaters/service';
import type { Watched } from './coordinator/watched.js';

/** What there is to tell of a run under way. */
export type RunUnderWay = Pick<CoordinatedRun, 'run' | 'generation' | 'ranks' | 'arrived' | 'figures'>;

/** A number of a run under way; undefined before it is known. */
interface Figure {
  readonly help: string;
  readonly of: (run: RunUnderWay) => number | undefined;
}

/** By what follows `bluewaters_run_` in their names. */
const FIGURES: Readonly<Record<string, Figure>> = {
  generation: {
    help: 'Rendezvous of the ranks so far, or starts of one that is alone.',
    of: ({ generation }) => generation,
  },
  ranks: { help: 'Ranks of the generation.', of: ({ ranks }) => ranks },
  ranks_arrived: { help: 'Ranks that have shown themselves in it.', of: ({ arrived }) => arrived },
  step: { help: 'Steps that are made.', of: ({ figures }) => figures?.step },
  epoch: { help: 'Passes over the training split that are completed.', of: ({ figures }) => figures?.epoch },
  loss: { help: 'Mean over the batch of a step of late.', of: ({ figures }) => figures?.loss },
  images_per_second: { help: 'Of all ranks together.', of: ({ figures }) => figures?.imagesPerSecond },
};

const PARTS = ['input', 'compute', 'reduce'] as const;

/** The runs whose ranks a coordinator keeps account of; one that stands by has none. */
export function coordinatedRuns(watched: Watched): readonly RunUnderWay[] {
  return watched.leads ? watched.records().filter(({ phase }) => phase === 'running') : [];
}

/** Tells Prometheus of the runs that are under way when it asks. */
export function measureRuns(running: () => readonly RunUnderWay[], registry: Registry): void {
  const { Gauge } = loadPrometheus();
  const registers = [registry];
  for (const [name, { help, of }] of Object.entries(FIGURES)) {
    new Gauge({
      name: `bluewaters_run_${name}`,
      help,
      labelNames: ['run'],
      registers,
      collect() {
        this.reset();
        for (const record of running()) {
          const value = of(record);
          if (value !== undefined) this.set({ run: record.run }, value);
        }
      },
    });
  }
  new Gauge({
    name: 'bluewaters_run_step_seconds',
    help: 'Where the time of a step goes on rank 0, of late.',
    labelNames: ['run', 'part'],
    registers,
    collect() {
      this.reset();
      for (const { run, figures } of running()) {
        for (const part of PARTS) if (figures) this.set({ run, part }, figures.seconds[part]);
      }
    },
  });
}
