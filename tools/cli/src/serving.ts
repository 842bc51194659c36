import { InferenceOptions, start as startInference } from '@bluewaters/inference';
import { CodedError } from '@bluewaters/errors';
import { RefreshModels, ServedModels, type ServedModel } from '@bluewaters/messages';
import type { Workplace } from './workplace.js';

/** An inference service that is up, and how to leave it. */
export interface Serving {
  /** `http://host:port`. */
  readonly address: string;
  /** Ends the service when it was started for this; otherwise does nothing. */
  stop(): Promise<void>;
}

/** A model, or one version of it. */
export interface WantedModel {
  readonly model: string;
  readonly version?: number;
}

const READY_WITHIN_MS = 60_000;

/** Starts serving what the store's registry holds. @throws {CodedError} PORT_IN_USE. */
export async function startServing(
  workplace: Workplace,
  options: { readonly host?: string; readonly port: number },
): Promise<Serving> {
  const service = await startInference(InferenceOptions.parse(options), workplace.ports);
  return { address: service.address, stop: () => service.stop() };
}

/**
 * An inference service that answers for a model: one of this process's own on a free port, or with services elsewhere
 * the one that tells the bus that it has the model ready.
 *
 * @throws {CodedError} TIMED_OUT when the model is not ready within a minute; the signal's reason when it is aborted.
 */
export async function reachServing(workplace: Workplace, wanted: WantedModel, signal: AbortSignal): Promise<Serving> {
  if (!workplace.embedded)
    return { address: await findServing(workplace, wanted, signal), stop: async () => undefined };
  const serving = await startServing(workplace, { port: 0 });
  try {
    await untilReady(workplace, wanted, signal);
    return serving;
  } catch (error) {
    await serving.stop();
    throw error;
  }
}

async function findServing(workplace: Workplace, wanted: WantedModel, signal: AbortSignal): Promise<string> {
  await workplace.bus.request(RefreshModels, {});
  return (await untilReady(workplace, wanted, signal)).address;
}

/** Waits until some process serves the model. */
async function untilReady(
  { bus }: Workplace,
  { model, version }: WantedModel,
  signal: AbortSignal,
): Promise<ServedModel> {
  signal.throwIfAborted();
  const table = await bus.state(ServedModels);
  const isWanted = (served: ServedModel): boolean =>
    served.model === model && (version === undefined || served.version === version);
  let timer: NodeJS.Timeout | undefined;
  let interrupt = (): void => undefined;
  const found = new Promise<ServedModel>((resolve, reject) => {
    timer = setTimeout(() => reject(notReady(model)), READY_WITHIN_MS);
    interrupt = () => reject(signal.reason as CodedError);
    signal.addEventListener('abort', interrupt, { once: true });
    void table
      .watch(`${model}.`, (_, served) => {
        if (!served || !isWanted(served)) return;
        if (served.state === 'ready') resolve(served);
        // With a version there is no other to wait for; without one an older may still answer.
        if (served.state === 'failed' && version !== undefined) reject(cannotBeServed(served));
      })
      .then((watching) => found.finally(() => watching.stop()).catch(() => undefined), reject);
  });
  return found.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', interrupt);
  });
}

function notReady(model: string): CodedError {
  return new CodedError('TIMED_OUT', `No inference service has the model ${model} ready`, {
    details: { expected: `a served model ${model}`, got: `nothing within ${READY_WITHIN_MS / 1000} s` },
  });
}

function cannotBeServed({ model, version, address }: ServedModel): CodedError {
  return new CodedError('MODEL_INVALID', `Version ${version} of the model ${model} cannot be loaded`, {
    details: { file: address, expected: 'a model that is ready', got: 'one that failed' },
  });
}
