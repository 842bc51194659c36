import { depthwiseConv2d } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import {
  batchNorm,
  convolution,
  dense,
  globalMean,
  networkByName,
  pooling,
  profileNetwork,
  type Network,
} from '../index.js';
import { networkMemory } from './memory.js';

const { publication, recipe } = networkByName('cifarnet');

/** A network of 8 x 8 colour pictures, small enough to count by hand. */
function networkOf(build: Network['build']): Network {
  const input = { imageSize: 8, channels: 3, mean: [0, 0, 0], std: [1, 1, 1] } as const;
  return { name: 'by-hand', description: '', publication, recipe, input, build };
}

const branched = networkOf((context, images, outputs) => {
  const norm = { decay: 0.9, epsilon: 1e-3 };
  const x = convolution(context, images, { name: 'stem/conv', filters: 6, size: [3, 5], stride: 2, norm });
  const y = convolution(context, x, { name: 'branch', filters: 4, size: 3, groups: 2, activation: 'none' });
  const pooled = pooling(context, y, { name: 'pool', size: 2, stride: 2, kind: 'mean' });
  return dense(context, globalMean(context, pooled), { name: 'logits', units: outputs, activation: 'none' });
});

describe('the profile of a network', () => {
  it('says of each layer what it does, what it takes, what it gives, and what it counts', () => {
    const { layers } = profileNetwork(branched, { outputs: 5 });
    expect(layers).toEqual([
      {
        name: 'stem/conv',
        does: ['conv 3 x 5 / 2', 'batch norm', 'relu'],
        inputs: ['images'],
        output: [4, 4, 6],
        parameters: 3 * 5 * 3 * 6 + 2 * 6,
        statistics: 2 * 6,
        multiplyAdds: 4 * 4 * 6 * (3 * 5 * 3),
      },
      {
        name: 'branch',
        does: ['conv 3 x 3'],
        inputs: ['stem/conv'],
        output: [4, 4, 4],
        parameters: 3 * 3 * 3 * 4 + 4,
        statistics: 0,
        multiplyAdds: 4 * 4 * 4 * (3 * 3 * 3),
      },
      {
        ...{ name: 'pool', does: ['mean pool 2 x 2 / 2'], inputs: ['branch'], output: [2, 2, 4] },
        ...{ parameters: 0, statistics: 0, multiplyAdds: 0 },
      },
      {
        ...{ name: 'global_mean', does: ['mean'], inputs: ['pool'], output: [4] },
        ...{ parameters: 0, statistics: 0, multiplyAdds: 0 },
      },
      {
        ...{ name: 'logits', does: ['dense'], inputs: ['global_mean'], output: [5] },
        ...{ parameters: 4 * 5 + 5, statistics: 0, multiplyAdds: 4 * 5 },
      },
    ]);
  });

  it('adds the layers up', () => {
    const { layers, ...totals } = profileNetwork(branched, { outputs: 5, imageSize: 16 });
    const sum = (of: 'parameters' | 'multiplyAdds') => layers.reduce((total, layer) => total + layer[of], 0);
    expect(totals).toEqual({
      ...{ network: 'by-hand', imageSize: 16, channels: 3, outputs: 5, statistics: 12 },
      ...{ parameters: sum('parameters'), multiplyAdds: sum('multiplyAdds') },
    });
    expect(totals.multiplyAdds).toBe(4 * (4 * 4 * 6 * 45 + 4 * 4 * 4 * 27) + 20);
  });

  it('counts one filter for each channel of a depthwise convolution', () => {
    const depthwise = networkOf((context, images, outputs) => {
      const scope = context.scope.child('depthwise');
      const weights = context.variables.get('depthwise/weights', [3, 3, 3, 2], 'he-normal').value;
      const y = depthwiseConv2d(scope, images, weights); // [batch, 8, 8, 6]
      const z = batchNorm(context, y, { name: 'norm', decay: 0.9, epsilon: 1e-3 });
      return dense(context, globalMean(context, z), { name: 'logits', units: outputs });
    });
    const [first] = profileNetwork(depthwise).layers;
    expect(first).toMatchObject({ parameters: 3 * 3 * 6, multiplyAdds: 8 * 8 * 6 * (3 * 3) });
  });

  it('refuses pictures that are too small for the network', () => {
    const tooSmall = () => profileNetwork(networkByName('alexnet'), { imageSize: 8 });
    expect(tooSmall).toThrow(expect.objectContaining({ code: 'GRAPH_INVALID' }) as Error);
  });
});

describe('the memory of a network', () => {
  const FLOAT_BYTES = 4;
  const PARAMETERS = 238_510;

  it('is for training variables, gradients, accumulators, and what the backward pass takes from the forward pass', () => {
    const { training } = networkMemory(networkByName('perceptron'), { batch: 16 });
    // The pictures; the hidden layer after it is rectified; and the loss's own derivative by the logits.
    const kept = 16 * (784 + 300 + 10);
    expect(training).toMatchObject({
      ...{ variables: FLOAT_BYTES * PARAMETERS, gradients: FLOAT_BYTES * PARAMETERS, slots: FLOAT_BYTES * PARAMETERS },
    });
    expect(training.activations / FLOAT_BYTES - kept).toBeGreaterThanOrEqual(0);
    expect(training.activations / FLOAT_BYTES - kept).toBeLessThan(32);
    expect(training.total).toBe(3 * FLOAT_BYTES * PARAMETERS + training.activations);
  });

  it('is for predictions variables and what is alive at the widest place', () => {
    const { inference } = networkMemory(networkByName('vgg-16'), { batch: 2 });
    expect(inference).toEqual({
      variables: FLOAT_BYTES * 138_357_544,
      // Between conv1_1 and conv1_2, 64 channels each.
      activations: FLOAT_BYTES * 2 * (224 * 224 * 64) * 2,
      total: FLOAT_BYTES * (138_357_544 + 4 * 224 * 224 * 64),
    });
  });

  it('keeps for training what batch normalisation takes beside what comes of it', () => {
    const memory = (name: string) => networkMemory(networkByName(name), { batch: 1 }).training.activations;
    // Each convolution's output, before it is normalised.
    const outputs = 224 * 224 * 64 * 2 + 112 ** 2 * 128 * 2 + 56 ** 2 * 256 * 3 + 28 ** 2 * 512 * 3 + 14 ** 2 * 512 * 3;
    expect((memory('vgg-16-bn') - memory('vgg-16')) / (FLOAT_BYTES * outputs)).toBeCloseTo(1, 2);
  });
});
