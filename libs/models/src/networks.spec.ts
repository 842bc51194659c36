import { describe, expect, it } from 'vitest';
import { listNetworks, networkByName, profileNetwork, type NetworkProfile, type ProfileOptions } from './index.js';

const profiles = new Map<string, NetworkProfile>();

/** Each network is built once for all tests that ask for the published numbers of outputs. */
function profile(name: string, options: ProfileOptions = {}): NetworkProfile {
  const key = `${name} ${JSON.stringify(options)}`;
  const made = profiles.get(key) ?? profileNetwork(networkByName(name), options);
  profiles.set(key, made);
  return made;
}

const MILLION = 1e6;
const BILLION = 1e9;

/**
 * Multiply-adds of pre-activation residual networks, by hand, from the shapes in He et al. 2015, table 1. A stage's pixels
 * times the square of its filters are the same in all stages, since filters double where sides halve.
 */
const UNIT = (56 * 64) ** 2;
/** 1 x 1 from four times the filters, 3 x 3, and 1 x 1 to four times the filters. */
const WHOLE = 4 + 9 + 4;
/** The first unit of all is given as many channels as it has filters, as is its projection. */
const FIRST = 1 + 9 + 4 + 4;
/** The first unit of a later stage is given twice as many, as is its projection. */
const WIDENING = 2 + 9 + 4 + 2 * 4;
/** The same where its 3 x 3 has the stride: the 1 x 1 before it is on four times the pixels. */
const HALVING = 4 * 2 + 9 + 4 + 2 * 4;
/** The last unit of a stage where that has the stride: what follows its first 1 x 1 is on a quarter of the pixels. */
const HALVING_LAST = 4 + (9 + 4) / 4;
/** The first convolution, and the logits. */
const ENDS = 112 * 112 * 64 * (7 * 7 * 3) + 2048 * 1000;

describe('networks', () => {
  it.each(listNetworks().map(({ name }) => name))('%s gives one logit for each output', (name) => {
    const { layers, outputs } = profile(name);
    expect(layers.at(-1)).toMatchObject({ name: 'logits', output: [outputs] });
  });

  it.each([
    // torchvision's figures, at 1000 outputs.
    ['alexnet', 61_100_840],
    ['vgg-16', 138_357_544],
    ['vgg-19', 143_667_240],
    ['resnet-18', 11_689_512],
    ['resnet-34', 21_797_672],
    ['resnet-50', 25_557_032],
    ['resnet-101', 44_549_160],
    ['resnet-152', 60_192_808],
    // torchvision's again, less the biases that normalisation takes away at once.
    ['vgg-16-bn', 138_365_992 - 4_224],
    ['vgg-19-bn', 143_678_248 - 5_504],
    // The two towers of 2012 joined.
    ['alexnet-2012', 62_378_344],
    // Caffe's copy of the original, whose towers are groups.
    ['alexnet-2012-towers', 60_965_224],
    // That of the published Caffe model, without its auxiliary heads.
    ['googlenet', 6_998_552],
    // Keras's figure of those that train.
    ['inception-v3', 23_817_352],
    // The paper's 0.27, 0.46 and 0.85 million, at 10 outputs.
    ['resnet-20', 269_722],
    ['resnet-32', 464_154],
    ['resnet-56', 853_018],
    // Figure 9 of the paper: 28x28-300-10.
    ['perceptron', 784 * 300 + 300 + 300 * 10 + 10],
    // Keras's figures of those that train, less the biases that normalisation takes away at once or later.
    ['resnet-50-v1', 25_583_592 - 26_560],
    ['resnet-101-v1', 44_601_832 - 52_672],
    ['resnet-152-v1', 60_268_520 - 75_712],
    ['resnet-50-v2', 25_568_360 - 19_008],
    ['resnet-50-v2-keras', 25_568_360],
    ['resnet-50-v1-slim', 25_583_592 - 26_560],
    ['resnet-101-v1-slim', 44_601_832 - 52_672],
    ['resnet-152-v1-slim', 60_268_520 - 75_712],
    ['resnet-50-v2-slim', 25_568_360],
    ['resnet-101-v2-slim', 44_577_896],
    ['resnet-152-v2-slim', 60_236_904],
    ['resnet-101-v2', 44_577_896 - 36_416],
    ['resnet-152-v2', 60_236_904 - 51_776],
  ])('%s has the %i parameters that are published', (name, published) => {
    expect(profile(name).parameters).toBe(published);
  });

  it.each([
    // torchvision's figures (`_ops` of its weights), in thousandths of a billion.
    ['alexnet', 0.714 * BILLION, MILLION],
    ['vgg-16', 15.47 * BILLION, MILLION],
    ['vgg-16-bn', 15.47 * BILLION, MILLION],
    ['vgg-19', 19.632 * BILLION, MILLION],
    ['vgg-19-bn', 19.632 * BILLION, MILLION],
    ['resnet-18', 1.814 * BILLION, MILLION],
    ['resnet-34', 3.664 * BILLION, MILLION],
    ['resnet-50', 4.089 * BILLION, MILLION],
    ['resnet-101', 7.801 * BILLION, MILLION],
    ['resnet-152', 11.514 * BILLION, MILLION],
    ['inception-v3', 5.713 * BILLION, MILLION],
    // He et al. 2015, table 1, in tenths of a billion. The first two are of projections left out; that of 50 is cut off.
    ['resnet-18', 1.8 * BILLION, 0.1 * BILLION],
    ['resnet-34', 3.6 * BILLION, 0.1 * BILLION],
    ['resnet-50-v1', 3.8 * BILLION, 0.1 * BILLION],
    ['resnet-101-v1', 7.6 * BILLION, 0.1 * BILLION],
    ['resnet-152-v1', 11.3 * BILLION, 0.1 * BILLION],
    // He et al. 2018, "Soft filter pruning", table 1, to three digits.
    ['resnet-20', 40.6 * MILLION, 0.1 * MILLION],
    ['resnet-32', 68.9 * MILLION, 0.1 * MILLION],
    ['resnet-56', 125 * MILLION, MILLION],
  ])(
    '%s makes of a picture the %f multiply-adds that are published, but for rounding to %f',
    (name, published, unit) => {
      expect(Math.abs(profile(name).multiplyAdds - published)).toBeLessThan(unit);
    },
  );

  it.each([
    // A hidden layer and the logits.
    ['perceptron', 28 * 28 * 300 + 300 * 10],
    // Two convolutions with windows of 5 x 5, on 28 x 28 and on 14 x 14 pixels, and two dense layers.
    ['lenet', 28 * 28 * 16 * (5 * 5 * 1) + 14 * 14 * 32 * (5 * 5 * 16) + 7 * 7 * 32 * 128 + 128 * 10],
    // The first units of the stages, then all others; torchvision's figures of version 1.5 are the same.
    ['resnet-50-v2', ENDS + UNIT * (FIRST + 3 * HALVING + (2 + 3 + 5 + 2) * WHOLE)],
    ['resnet-101-v2', ENDS + UNIT * (FIRST + 3 * HALVING + (2 + 3 + 22 + 2) * WHOLE)],
    ['resnet-152-v2', ENDS + UNIT * (FIRST + 3 * HALVING + (2 + 7 + 35 + 2) * WHOLE)],
    // The last units of three stages, too.
    ['resnet-50-v2-keras', ENDS + UNIT * (FIRST + 3 * WIDENING + (1 + 2 + 4 + 2) * WHOLE + 3 * HALVING_LAST)],
    ...(['v1', 'v2'] as const).flatMap((version): [string, number][] => [
      [`resnet-50-${version}-slim`, ENDS + UNIT * (FIRST + 3 * WIDENING + (1 + 2 + 4 + 2) * WHOLE + 3 * HALVING_LAST)],
      [
        `resnet-101-${version}-slim`,
        ENDS + UNIT * (FIRST + 3 * WIDENING + (1 + 2 + 21 + 2) * WHOLE + 3 * HALVING_LAST),
      ],
      [
        `resnet-152-${version}-slim`,
        ENDS + UNIT * (FIRST + 3 * WIDENING + (1 + 6 + 34 + 2) * WHOLE + 3 * HALVING_LAST),
      ],
    ]),
  ])(
    '%s makes of a picture the %i multiply-adds that its layers give when they are counted by hand',
    (name, byHand) => {
      expect(profile(name).multiplyAdds).toBe(byHand);
    },
  );

  it.each([
    // Szegedy et al. 2015, table 1, column "ops", in millions. Left out is 5a: its 54 are not what its own filters give.
    ['3a', 128],
    ['3b', 304],
    ['4a', 73],
    ['4b', 88],
    ['4c', 100],
    ['4d', 119],
    ['4e', 170],
    ['5b', 71],
  ])('googlenet makes in inception %s the %i million multiply-adds of its paper', (module, published) => {
    const layers = profile('googlenet').layers.filter(({ name }) => name.startsWith(`inception${module}/`));
    const made = layers.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0);
    expect(Math.abs(made / MILLION - published) / published).toBeLessThan(0.02);
  });

  it('alexnet-2012 needs in two towers less than two thirds of what it needs joined', () => {
    // Caffe's copy of the original: 724 million.
    expect(Math.round(profile('alexnet-2012-towers').multiplyAdds / MILLION)).toBe(724);
    expect(Math.round(profile('alexnet-2012').multiplyAdds / MILLION)).toBe(1135);
  });

  it('inception-v3 has the 34,432 statistics that Keras counts with its 23,851,784 values', () => {
    const { parameters, statistics } = profile('inception-v3');
    expect(statistics).toBe(34_432);
    expect(parameters + statistics).toBe(23_851_784);
  });
});
