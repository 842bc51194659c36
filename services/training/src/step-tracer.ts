import { join } from 'node:path';
import {
  chromeTrace,
  givingMemoryBack,
  type DType,
  type RunRequest,
  type Session,
  type Tensor,
  type TracedStep,
} from '@bluewaters/tensorflow';
import { writeWhole } from './files.js';
import type { RunContext } from './run-context.js';

/** Which steps of a start are traced, counted from 1: the first few read files and grow memory. */
const FIRST = 10;
const LAST = 12;

/** Runs steps, and where the request asks for it notes what every operation of a few of them does. */
export class StepTracer {
  readonly #run: RunContext;
  readonly #tell: (notice: string) => void;
  readonly #traced: TracedStep[] = [];
  #steps = 0;

  /** @param tell Takes a line for people: where the trace is. */
  constructor(run: RunContext, tell: (notice: string) => void) {
    this.#run = run;
    this.#tell = tell;
  }

  /** Makes one step. The trace is written after the last of those that belong to it. */
  async run<D extends DType>(session: Session, request: RunRequest<D>): Promise<Tensor<D>[]> {
    this.#steps += 1;
    // It takes the most memory, and puts the graph together before.
    if (this.#steps === 1) return givingMemoryBack(() => session.run(request));
    if (!this.#run.request.trace || this.#steps < FIRST || this.#steps > LAST) return session.run(request);
    const { tensors, metadata } = await session.trace(request);
    this.#traced.push({ name: `step ${this.#steps} of this start`, metadata });
    if (this.#steps === LAST) await this.#write();
    return tensors;
  }

  async #write(): Promise<void> {
    const path = join(this.#run.directory, 'trace.json');
    await writeWhole(path, chromeTrace(this.#traced));
    await this.#run.mirror.commit([path]);
    this.#tell(`a trace of steps ${FIRST} to ${LAST} is in ${path}, for https://ui.perfetto.dev`);
  }
}
