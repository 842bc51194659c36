import { join } from 'node:path';
import { isCodedError } from '@bluewaters/errors';
import { encodePng } from '@bluewaters/images';
import { EventWriter } from '@bluewaters/tensorflow';
import type { SeenFirst } from '../evaluate.js';
import type { InspectedStep } from '../inspection.js';
import type { LocalShards } from '../local-shards.js';
import { examplesPicture } from '../pictures/examples.js';
import { activationPicture, confusionPicture, inputPicture, kernelPicture } from '../pictures/network-pictures.js';
import type { Raster } from '../pictures/raster.js';
import type { Position } from '../position.js';
import type { RunContext } from '../run-context.js';
import type { EvaluationFigures, RunObserver, StepFigures } from './observer.js';

/** More classes make no picture that anyone reads. */
const MOST_CONFUSION_CLASSES = 240;

/**
 * Writes what TensorBoard shows, two curves of one run: `train` and `validation`. One writer a start of the run; a start
 * that goes on writes files of its own beside the earlier ones.
 */
export class Summaries implements RunObserver {
  readonly #train: EventWriter;
  readonly #validation: EventWriter;
  readonly #run: RunContext;

  constructor(run: RunContext, graph: Uint8Array) {
    this.#run = run;
    this.#train = new EventWriter(join(run.directory, 'train'));
    this.#validation = new EventWriter(join(run.directory, 'validation'));
    this.#train.graph(graph);
  }

  async started({ train, records }: LocalShards): Promise<void> {
    const { entry, request } = this.#run;
    if (entry?.checkpointStep !== undefined) return; // the first start has told it
    const { learningRate, batch, momentum, weightDecay, optimiser, schedule, network, seed } = request;
    this.#validation.hparams({ learningRate, batch, momentum, weightDecay, optimiser, schedule, network, seed });
    const examples = await examplesPicture(train, records).catch((error: unknown) => {
      if (isCodedError(error, 'TOOL_MISSING')) return undefined; // a run need not show what it cannot decode here
      throw error;
    });
    if (examples) await this.#picture('examples', 0, examples);
  }

  stepped({ step, loss, learningRate, imagesPerSecond, seconds, staleness, dropped }: StepFigures): void {
    this.#train.scalar('loss', step, loss);
    this.#train.scalar('learning_rate', step, learningRate);
    this.#train.scalar('images_per_second', step, imagesPerSecond);
    for (const part of ['input', 'compute', 'reduce'] as const)
      this.#train.scalar(`seconds/${part}`, step, seconds[part]);
    if (staleness !== undefined) this.#train.scalar('staleness', step, staleness);
    if (dropped !== undefined) this.#train.scalar('dropped', step, dropped);
  }

  async inspected(step: number, { pictures, kernels, histograms }: InspectedStep): Promise<void> {
    const { input } = this.#run;
    for (const { tag, ...spread } of histograms) this.#train.buckets(tag, step, spread);
    await this.#picture('inputs', step, inputPicture(pictures.values, pictures.shape, input));
    if (kernels) await this.#picture('first_layer/kernels', step, kernelPicture(kernels.values, kernels.shape, input));
  }

  checkpointed(step: number, seconds: number): void {
    this.#train.scalar('seconds/checkpoint', step, seconds);
  }

  async evaluated({ step }: Position, { confusion, ...figures }: EvaluationFigures): Promise<void> {
    this.#validation.scalar('loss', step, figures.loss);
    this.#validation.scalar('accuracy/top1', step, figures.top1);
    this.#validation.scalar('accuracy/top5', step, figures.top5);
    this.#validation.scalar('accuracy/best', step, figures.best);
    this.#validation.scalar('epochs_since_best', step, figures.epochsSinceBest);
    if (figures.first) await this.#firstLayer(step, figures.first);
    if (confusion.length > MOST_CONFUSION_CLASSES) return;
    await addPicture(this.#validation, 'confusion', { step, picture: confusionPicture(confusion) });
  }

  async #firstLayer(step: number, { picture, activations }: SeenFirst): Promise<void> {
    const seen = inputPicture(picture.values, picture.shape, this.#run.input);
    await addPicture(this.#validation, 'first_layer/picture', { step, picture: seen });
    const maps = activationPicture(activations.values, activations.shape.slice(1));
    await addPicture(this.#validation, 'first_layer/activations', { step, picture: maps });
  }

  done({ step }: Position): void {
    this.#validation.runEnded('success', step);
  }

  async flush(): Promise<void> {
    await Promise.all([this.#train.flush(), this.#validation.flush()]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#train.close(), this.#validation.close()]);
  }

  async #picture(tag: string, step: number, picture: Raster): Promise<void> {
    await addPicture(this.#train, tag, { step, picture });
  }
}

/** Encodes a picture and adds it. */
export async function addPicture(
  writer: EventWriter,
  tag: string,
  { step, picture }: { readonly step: number; readonly picture: Raster },
): Promise<void> {
  const { width, height, rgb } = picture;
  writer.image(tag, step, { png: await encodePng(rgb, { width, height, channels: 3 }), width, height });
}
