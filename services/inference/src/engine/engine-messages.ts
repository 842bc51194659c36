import type { SerializedError } from '@bluewaters/errors';

/** One named tensor of a model. */
export interface TensorFacts {
  /** TensorFlow's word: `float32`, `string`. */
  readonly dtype: string;
  /** -1 where the size is open; undefined when not even the rank is known. */
  readonly shape: readonly number[] | undefined;
}

/** The tensors of a model's `serving_default`, by name. */
export interface ModelTensors {
  readonly inputs: Readonly<Record<string, TensorFacts>>;
  readonly outputs: Readonly<Record<string, TensorFacts>>;
}

/** One output of one batch, row by row. */
export interface OutputBatch {
  readonly dtype: string;
  /** [batch, …]. */
  readonly shape: readonly number[];
  readonly values: ArrayLike<number | string>;
}

/** What the engine process can be asked to do, and what it answers. */
export interface EngineCalls {
  /** Loads a SavedModel and runs it once with `probe`, a JPEG: the first run is the slow one. */
  load(request: { readonly key: string; readonly directory: string; readonly probe: Uint8Array }): WarmModel;
  /** Gives a model's memory back; one that is not loaded is no error. */
  unload(request: { readonly key: string }): null;
  /** `images` are JPEG pictures. The answer holds every output by its name. */
  predict(request: { readonly key: string; readonly images: readonly Uint8Array[] }): Record<string, OutputBatch>;
}

/** A model that is loaded and warmed up. */
export interface WarmModel {
  readonly tensors: ModelTensors;
  /** What it made of the probe. */
  readonly probeOutputs: Readonly<Record<string, OutputBatch>>;
}

/** The name of a call. */
export type EngineCall = keyof EngineCalls;

/** From the service to its engine. */
export interface EngineRequest<Call extends EngineCall = EngineCall> {
  readonly id: number;
  readonly call: Call;
  readonly request: Parameters<EngineCalls[Call]>[0];
}

/** From the engine to its service. */
export type EngineReply =
  | { readonly id: number; readonly answer: ReturnType<EngineCalls[EngineCall]> }
  | { readonly id: number; readonly error: SerializedError };
