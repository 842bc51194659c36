import { describe, expect, it } from 'vitest';
import { runCli } from './support/cli.js';

const SYNTHETIC = ['train', '--synthetic', '--network', 'lenet', '--batch', '16'];
/** Of those that do not count. */
const ONE = ['--warmup-batches', '1'];

/** What a measurement of so many steps comes to, after others that do not count. */
async function measure(warmup: string, batches: string): Promise<{ loss: number; imagesPerSecond: number }> {
  return (await runCli([...SYNTHETIC, '--warmup-batches', warmup, '--batches', batches, '--json'])).json();
}

describe('train --synthetic', { timeout: 60_000 }, () => {
  it('prints images/s as tf_cnn_benchmarks does: a line every so many steps, and the total', async () => {
    const { code, stdout } = await runCli([...SYNTHETIC, ...ONE, '--batches', '6', '--display-every', '3']);
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines).toContain('Model:       lenet');
    const steps = lines.slice(lines.indexOf('=========='));
    expect(steps.slice(0, 4)).toEqual(['==========', 'Running warm up', 'Done warm up', 'Step\tImg/sec\ttotal_loss']);
    const counted = steps.filter((line) =>
      /^\d+\timages\/sec: [\d.]+ \+\/- [\d.]+ \(jitter = [\d.]+\)\t[\d.]+$/u.test(line),
    );
    expect(counted).toEqual(steps.slice(4, 7));
    expect(counted.map((line) => line.split('\t')[0])).toEqual(['1', '3', '6']);
    expect(stdout).toMatch(/^total images\/sec: \d+\.\d\d$/mu);
  });

  it('ends with one JSON object for machines, whose loss is that of a network that learns its batch', async () => {
    const [before, after] = await Promise.all([measure('1', '1'), measure('1', '30')]);
    expect(after.imagesPerSecond).toBeGreaterThan(0);
    expect(after.loss).toBeLessThan(before.loss);
  });

  it('counts after as many steps of warming up as asked, which have taught the network too', async () => {
    const [early, late] = await Promise.all([measure('2', '6'), measure('7', '1')]);
    expect(late.loss).toBeCloseTo(early.loss, 3);
  });

  it('computes in the other data format where that is asked for', async () => {
    const { code, stdout } = await runCli([...SYNTHETIC, ...ONE, '--batches', '1', '--data-format', 'NCHW']);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toContain('Data format: NCHW');
  });

  it('makes the steps of a recipe, with the options that are given in its place', async () => {
    const asked = ['train', '--synthetic', '--recipe', 'cifar-fast', '--batch', '8', '--optimiser', 'adam'];
    const ended = await runCli([...asked, ...ONE, '--batches', '2', '--json']);
    expect(ended.json()).toMatchObject({ network: 'airbench', batch: 8 });
    const uneven = await runCli([...asked, '--micro-batches', '3']);
    expect(uneven.stderr).toMatch(/CONFIG_INVALID.*a multiple of 3/su);
  });

  it('names the networks that there are when it is asked for another', async () => {
    const { code, stderr } = await runCli(['train', '--synthetic', '--network', 'nonesuch']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/NETWORK_UNKNOWN.*resnet-50/su);
  });
});
