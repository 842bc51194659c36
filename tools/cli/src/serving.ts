import { InferenceOptions, start as startInference } from '@bluewaters/inference';
import { CodedError } from '@bluewaters/errors';
import type { Workplace } from './workplace.js';

/** An inference service that is up, and how to end it. */
export interface Serving {
  /** `http://host:port`. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts serving what the store's registry holds. @throws {CodedError} PORT_IN_USE. */
export async function startServing(
  workplace: Workplace,
  options: { readonly host?: string; readonly port: number },
): Promise<Serving> {
  const service = await startInference(InferenceOptions.parse(options), workplace.ports);
  return { address: service.address, stop: () => service.stop() };
}

/** Waits until a model answers. @throws {CodedError} TIMED_OUT, MODEL_UNKNOWN. */
export async function waitUntilServed(serving: Serving, model: string, version?: number): Promise<void> {
  const url = `${serving.address}/v1/models/${model}${version === undefined ? '' : `/versions/${version}`}`;
  const deadline = performance.now() + 60_000;
  for (;;) {
    const response = await fetch(url);
    const answer = (await response.json()) as { model_version_status?: { state: string }[] };
    if (answer.model_version_status?.some(({ state }) => state === 'AVAILABLE')) return;
    if (performance.now() > deadline) {
      const code = response.status === 404 ? 'MODEL_UNKNOWN' : 'TIMED_OUT';
      throw new CodedError(code, `The model ${model} is not served`, { details: { file: url } });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
