import { describe, expect, it } from 'vitest';
import { runCli } from './support/cli.js';

const SYNTHETIC = ['train', '--synthetic', '--network', 'lenet', '--batch', '16', '--warmup-batches', '1'];

describe('train --synthetic', { timeout: 60_000 }, () => {
  it('prints images/s as tf_cnn_benchmarks does: a line every so many steps, and the total', async () => {
    const { code, stdout } = await runCli([...SYNTHETIC, '--batches', '6', '--display-every', '3']);
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines).toContain('Model:       lenet');
    const steps = lines.filter((line) =>
      /^\d+\timages\/sec: [\d.]+ \+\/- [\d.]+ \(jitter = [\d.]+\)\t[\d.]+$/u.test(line),
    );
    expect(steps.map((line) => line.split('\t')[0])).toEqual(['1', '3', '6']);
    expect(stdout).toMatch(/^total images\/sec: \d+\.\d\d$/mu);
  });

  it('ends with one JSON object for machines, whose loss is that of a network that learns its batch', async () => {
    const [short, long] = await Promise.all(
      ['1', '30'].map((batches) => runCli([...SYNTHETIC, '--batches', batches, '--json'])),
    );
    const [before, after] = [short!.json(), long!.json()] as { loss: number; imagesPerSecond: number }[];
    expect(after!.imagesPerSecond).toBeGreaterThan(0);
    expect(after!.loss).toBeLessThan(before!.loss);
  });

  it('computes in the other data format where that is asked for', async () => {
    const { code, stdout } = await runCli([...SYNTHETIC, '--batches', '1', '--data-format', 'NCHW']);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toContain('Data format: NCHW');
  });

  it('makes the steps of a recipe, with the options that are given in its place', async () => {
    const asked = ['train', '--synthetic', '--recipe', 'cifar-fast', '--batch', '8', '--optimiser', 'adam'];
    const ended = await runCli([...asked, '--warmup-batches', '1', '--batches', '2', '--json']);
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
