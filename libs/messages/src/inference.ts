import { z } from 'zod';
import { defineCommand, defineEvent, defineState } from './definitions.js';
import { Name } from './vocabulary.js';

/** One model version on one serving process. */
export const ServedModel = z.strictObject({
  model: Name,
  version: z.int().positive(),
  state: z.enum(['loading', 'ready', 'failed']),
  /** `http://host:port` of the process that serves it. */
  address: z.string(),
});
/** See {@link ServedModel:variable}. */
export type ServedModel = z.infer<typeof ServedModel>;

/** A model version answers requests: loaded and warmed up. Sent by inference; may arrive twice. */
export const ModelReady = defineEvent('inference.v1.ready', ServedModel);

/** Looks at the registry now, instead of at the next look. The reply lists what is served. */
export const RefreshModels = defineCommand(
  'inference.v1.refresh',
  z.strictObject({}),
  z.strictObject({ models: z.array(ServedModel) }),
);

/** Served models by `NAME.VERSION`. Written by inference. */
export const ServedModels = defineState('served-models', ServedModel);
