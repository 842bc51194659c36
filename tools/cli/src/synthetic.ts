/** `bluewaters train --synthetic`: images a second on random pictures, told as the original's `tf_cnn_benchmarks` does. */
import { availableCores } from '@bluewaters/service';
import type { StepRates, SyntheticReport } from '@bluewaters/training/programs';
import { z } from 'zod';
import { chosenTraining, type trainOptions } from './line-options.js';
import type { VerbContext } from './verb.js';

/** What `--synthetic` may be asked beside the options of training. */
export const syntheticOptions = {
  synthetic: z.boolean().default(false).describe('train on random pictures and print images/s; keeps nothing'),
  warmupBatches: z.int().min(1).default(10).describe('with --synthetic: steps before the first that counts'),
  batches: z.int().positive().default(100).describe('with --synthetic: steps that count'),
  displayEvery: z.int().positive().default(10).describe('with --synthetic: steps between two lines'),
};

type SyntheticValues = z.output<z.ZodObject<typeof syntheticOptions & typeof trainOptions>>;

/** Speed does not depend on it, and pictures of noise are learnt at a low one. */
const LEARNING_RATE = 0.01;

/** What was measured. */
interface SyntheticResult {
  readonly network: string;
  readonly batch: number;
  /** Over all steps that count. */
  readonly imagesPerSecond: number;
  readonly loss: number;
}

const RULE = '-'.repeat(64);

/**
 * Measures steps as a recipe, or the network's own, has them, at a fixed rate, and prints.
 * @throws {CodedError} NETWORK_UNKNOWN, CONFIG_INVALID, INTERRUPTED, and what TensorFlow says otherwise.
 */
export async function measureSynthetic(values: SyntheticValues, context: VerbContext): Promise<SyntheticResult> {
  const { stepRates, trainSynthetic } = await import('@bluewaters/training/programs');
  const { network, hyperparameters } = await chosenTraining(values);
  const { warmupBatches, batches, displayEvery, imageSize, dataFormat = 'NHWC', threads = availableCores() } = values;
  const { batch } = hyperparameters;
  const { print, signal } = context;
  const side = imageSize ?? network.input.imageSize;
  const seconds: number[] = [];
  let loss = NaN;
  const onReport = (report: SyntheticReport): void => {
    if (report.kind === 'built') {
      const { tensorflow, devices } = report;
      for (const line of head({ tensorflow, devices, network: network.name, batch, side, threads, dataFormat }))
        print(line);
    } else if (report.kind === 'warm') {
      print('Done warm up');
      print('Step\tImg/sec\ttotal_loss');
    } else if (report.kind === 'step') {
      seconds.push(report.seconds);
      loss = report.loss;
      if (report.step === 1 || report.step % displayEvery === 0) {
        print(stepLine(report.step, stepRates(seconds, batch), loss));
      }
    }
  };
  await trainSynthetic(
    {
      network: network.name,
      hyperparameters: { ...hyperparameters, learningRate: values.learningRate ?? LEARNING_RATE },
      dataFormat,
      threads,
      warmupBatches,
      batches,
      ...(imageSize === undefined ? {} : { imageSize }),
    },
    { onReport, signal },
  );
  const imagesPerSecond = (batches * batch) / seconds.reduce((sum, one) => sum + one, 0);
  for (const line of [RULE, `total images/sec: ${imagesPerSecond.toFixed(2)}`, RULE]) print(line);
  return { network: network.name, batch, imagesPerSecond, loss };
}

/** What is measured, before the first step. */
function head(run: {
  readonly tensorflow: string;
  readonly devices: readonly string[];
  readonly network: string;
  readonly batch: number;
  readonly side: number;
  readonly threads: number;
  readonly dataFormat: string;
}): string[] {
  return [
    `TensorFlow:  ${run.tensorflow}, ${run.threads} threads`,
    `Model:       ${run.network}`,
    `Dataset:     synthetic, ${run.side} x ${run.side} pixels`,
    'Mode:        training',
    `Batch size:  ${run.batch}`,
    `Devices:     ${run.devices.join(', ')}`,
    `Data format: ${run.dataFormat}`,
    '==========',
    'Running warm up',
  ];
}

function stepLine(step: number, { mean, uncertainty, jitter }: StepRates, loss: number): string {
  const [rate, plusOrMinus, spread] = [mean, uncertainty, jitter].map((value) => value.toFixed(1));
  return `${step}\timages/sec: ${rate} +/- ${plusOrMinus} (jitter = ${spread})\t${loss.toFixed(3)}`;
}
