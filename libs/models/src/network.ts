import type { DataFormat, MixedPrecision, Output, Scope } from '@bluewaters/tensorflow';
import type { Hyperparameters } from './hyperparameters.js';
import type { TrainingTower } from './training-tower.js';
import type { VariableStore } from './variable-store.js';

/** How a picture must look before a network sees it; part of the signature of every trained model. */
export interface InputContract {
  /** Side of the square, in pixels. */
  readonly imageSize: number;
  /** 1 for grey, 3 for RGB. */
  readonly channels: 1 | 3;
  /** In which order the network sees the channels of a colour picture; `RGB` by default, `BGR` for weights from Caffe. */
  readonly colourOrder?: 'RGB' | 'BGR';
  /** For each channel as the network sees them, on the 0 to 1 scale: (value - mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /**
   * How a picture becomes a square: `squeeze`, the default, changes its proportions; `central` takes the middle, 7/8 of
   * the shorter side.
   */
  readonly crop?: 'squeeze' | 'central';
}

/** What a network needs beside its input. */
export interface BuildContext {
  /** Where its operations go. A network opens one name scope for each layer, by which its profile tells them apart. */
  readonly scope: Scope;
  /** Where its variables come from: the same store gives the same variables, so that two towers share them. */
  readonly variables: VariableStore;
  /**
   * There while the network is trained: batch normalisation then takes the batch's own statistics, dropout drops, and
   * auxiliary heads are built. Left out for evaluation and serving.
   */
  readonly training?: TrainingTower;
  /** The order of axes in all layers; NHWC by default. On CPUs only oneDNN has kernels for NCHW. */
  readonly dataFormat?: DataFormat;
  /** What layers compute in; float32 by default. Variables are float32 always. */
  readonly precision?: MixedPrecision;
}

/** Where a network was published. */
export interface Publication {
  /** Authors, year, and the table or figure: `He et al. 2015, table 1`. */
  readonly citation: string;
  readonly url: string;
  /** Logits of the network that was published, which its figures are for. */
  readonly outputs: number;
}

/** A network: a function from images to logits, and what a user must know to train it. */
export interface Network {
  readonly name: string;
  /** One line for `bluewaters train --help`. */
  readonly description: string;
  readonly publication: Publication;
  readonly input: InputContract;
  /** What trains it well on the kind of pictures that it is meant for. */
  readonly recipe: Hyperparameters;
  /**
   * Adds the network to the graph. `buildNetwork` does so for any data format and dtype.
   * @param images [batch, height, width, channels], normalised; height and width known, as a rule imageSize. In the data
   * format and the dtype of the context.
   * @param outputs Number of logits: classes + 1, where output 0 is background.
   * @returns [batch, outputs], of the dtype of the context.
   */
  build(context: BuildContext, images: Output, outputs: number): Output;
}
