import { Graph } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { listNetworks, networkByName, syntheticTraining, VariableStore } from './index.js';

/** Builds a network without running it: variables are counted by their shapes and never allocated. */
function build(name: string, outputs: number) {
  const network = networkByName(name);
  using graph = new Graph();
  const scope = graph.scope();
  const store = new VariableStore(scope, 1);
  const { imageSize, channels } = network.input;
  const images = scope.placeholder('float32', [null, imageSize, imageSize, channels]);
  const logits = network.build({ scope, variables: store }, images, outputs);
  const sizes = store.variables.map(({ shape, trainable }) => ({
    trainable,
    size: shape.reduce((product, length) => product * length, 1),
  }));
  const count = (trainable: boolean) =>
    sizes.reduce((sum, one) => sum + (one.trainable === trainable ? one.size : 0), 0);
  return { shape: logits.shape, parameters: count(true), statistics: count(false) };
}

describe('networks', () => {
  it.each(listNetworks().map(({ name }) => name))('%s gives one logit for each output', (name) => {
    expect(build(name, 7).shape).toEqual([null, 7]);
  });

  it.each([
    // torchvision's figures, at 1000 outputs.
    ['alexnet', 1000, 61_100_840],
    ['vgg-16', 1000, 138_357_544],
    ['vgg-19', 1000, 143_667_240],
    ['resnet-18', 1000, 11_689_512],
    ['resnet-34', 1000, 21_797_672],
    ['resnet-50', 1000, 25_557_032],
    ['resnet-101', 1000, 44_549_160],
    ['resnet-152', 1000, 60_192_808],
    // torchvision's again, less the biases that normalisation takes away at once.
    ['vgg-16-bn', 1000, 138_365_992 - 4_224],
    ['vgg-19-bn', 1000, 143_678_248 - 5_504],
    // The two towers of 2012 joined.
    ['alexnet-2012', 1000, 62_378_344],
    // Caffe's copy of the original, whose towers are groups.
    ['alexnet-2012-towers', 1000, 60_965_224],
    // That of the published Caffe model, without its auxiliary heads.
    ['googlenet', 1000, 6_998_552],
    // Keras's figure of those that train.
    ['inception-v3', 1000, 23_817_352],
    // The paper's 0.27, 0.46 and 0.85 million, at 10 outputs.
    ['resnet-20', 10, 269_722],
    ['resnet-32', 10, 464_154],
    ['resnet-56', 10, 853_018],
    // Figure 9 of the paper: 28x28-300-10.
    ['perceptron', 10, 784 * 300 + 300 + 300 * 10 + 10],
    // Keras's figures of those that train, less the biases that normalisation takes away at once or later.
    ['resnet-50-v1', 1000, 25_583_592 - 26_560],
    ['resnet-101-v1', 1000, 44_601_832 - 52_672],
    ['resnet-152-v1', 1000, 60_268_520 - 75_712],
    ['resnet-50-v2', 1000, 25_568_360 - 19_008],
    ['resnet-50-v2-keras', 1000, 25_568_360],
    ['resnet-101-v2', 1000, 44_577_896 - 36_416],
    ['resnet-152-v2', 1000, 60_236_904 - 51_776],
  ])('%s has at %i outputs the %i parameters that are published', (name, outputs, published) => {
    expect(build(name, outputs).parameters).toBe(published);
  });

  it('inception-v3 has the 34,432 statistics that Keras counts with its 23,851,784 values', () => {
    const { parameters, statistics } = build('inception-v3', 1000);
    expect(statistics).toBe(34_432);
    expect(parameters + statistics).toBe(23_851_784);
  });

  it('inception-v3 has its auxiliary head only while it is trained', () => {
    const { graph, store } = syntheticTraining(networkByName('inception-v3'), { batch: 2, outputs: 1000 });
    using _ = graph;
    const auxiliary = store.parameters.filter(({ variable: { name } }) => name.startsWith('auxiliary/'));
    const sizes = auxiliary.map(({ variable: { shape } }) => shape.reduce((product, length) => product * length, 1));
    // torchvision's 27,161,264 less its 23,834,568 without the head, and less the head's two scales.
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(27_161_264 - 23_834_568 - 128 - 768);
  });
});
