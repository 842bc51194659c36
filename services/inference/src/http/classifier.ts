import { asJpeg, type ImageLimits } from '@bluewaters/images';
import type { BatchQueue, Prediction } from '../engine/batch-queue.js';
import type { Catalogue, ServedVersion } from '../models/catalogue.js';
import type { LoadedVersion } from '../models/load-version.js';
import { versionKey } from '@bluewaters/registry';
import type { UploadedPicture } from './predict-request.js';

/** Which model a request asks for, as its address says. */
export interface ModelAddress {
  readonly model: string;
  /** The newest that is ready, when there is none. */
  readonly version?: number | undefined;
}

/** A version that answers, and what it made of the pictures. */
export interface Classified {
  readonly served: ServedVersion & { readonly loaded: LoadedVersion };
  /** In the order of the pictures. */
  readonly predictions: readonly Prediction[];
}

/** From uploaded pictures to predictions: picks the version, turns every picture into JPEG, asks the engine. */
export class Classifier {
  readonly catalogue: Catalogue;
  readonly #queue: BatchQueue;
  readonly #limits: ImageLimits;

  constructor(catalogue: Catalogue, queue: BatchQueue, limits: ImageLimits) {
    this.catalogue = catalogue;
    this.#queue = queue;
    this.#limits = limits;
  }

  /**
   * @throws {CodedError} MODEL_UNKNOWN, NOT_READY, MODEL_INVALID; IMAGE_INVALID or IMAGE_TOO_LARGE naming the field; OVERLOADED.
   */
  async classify({ model, version }: ModelAddress, pictures: readonly UploadedPicture[]): Promise<Classified> {
    const served = this.catalogue.pick(model, version);
    const jpegs = await Promise.all(pictures.map(({ bytes, field }) => asJpeg(bytes, { file: field }, this.#limits)));
    const predictions = await this.#queue.predict(versionKey(served), jpegs);
    return { served, predictions };
  }
}
