import { readFile } from 'node:fs/promises';
import { CodedError, isCodedError, toCodedError } from '@bluewaters/errors';
import { modelKeys } from '@bluewaters/records';
import type { ObjectStore } from '@bluewaters/storage';
import { z } from 'zod';
import { frameOptions, placeOptions, readPlace } from '../common-options.js';
import { PredictionClient, type Prediction } from '../prediction-client.js';
import { reachServing } from '../serving.js';
import { firstWord, formatTable, percent } from '../terminal.js';
import { defineVerb } from '../verb.js';
import { withWorkplace } from '../workplace.js';

const options = z.strictObject({
  model: z.string().optional().describe('the model to ask; default: the only one there is'),
  url: z.string().optional().describe('http://host:port of a service that runs; default: one is started for this'),
  top: z.int().positive().default(3).describe('classes to show for each picture'),
  ...placeOptions,
  ...frameOptions,
});

/** The classes of one picture. */
interface Classified {
  readonly image: string;
  readonly predictions: readonly Prediction[];
}

/** `bluewaters classify` */
export const classify = defineVerb({
  options,
  examples: [['$0 classify five.jpg cat.png --model mnist', 'JPEG, PNG, GIF or WebP']],
  run: async (values, { words, print, signal }) => {
    if (words.length === 0) throw new CodedError('CONFIG_INVALID', 'Say which pictures: bluewaters classify IMAGE…');
    const images = await Promise.all(words.map(readImage));
    const place = readPlace(values);
    const classified = await withWorkplace(place, async (workplace) => {
      const model = await chooseModel(workplace.store, values);
      const ask = (address: string): Promise<Classified[]> =>
        askAll(new PredictionClient(address, model), images, values.top);
      if (values.url !== undefined) return ask(values.url);
      const serving = await reachServing(workplace, { model }, signal);
      try {
        return await ask(serving.address);
      } finally {
        await serving.stop();
      }
    });
    formatTable(['picture', 'class', 'synset', 'probability'], classified.flatMap(rowsOf)).forEach(print);
    return { classified };
  },
});

interface Image {
  readonly path: string;
  readonly bytes: Uint8Array;
}

async function readImage(path: string): Promise<Image> {
  try {
    return { path, bytes: await readFile(path) };
  } catch (error) {
    throw new CodedError(toCodedError(error).code, 'A picture cannot be read', {
      details: { file: path },
      cause: error,
    });
  }
}

async function askAll(client: PredictionClient, images: readonly Image[], top: number): Promise<Classified[]> {
  const classified: Classified[] = [];
  for (const { path, bytes } of images) {
    const predictions = await client.classify(bytes, top).catch((error: unknown) => {
      throw isCodedError(error, 'IMAGE_INVALID') ? noPicture(path, error) : error;
    });
    classified.push({ image: path, predictions });
  }
  return classified;
}

function rowsOf({ image, predictions }: Classified): string[][] {
  return predictions.map(({ words, synset, probability }, index) => [
    index === 0 ? image : '',
    firstWord(words),
    synset,
    percent(probability),
  ]);
}

/** The service knows the bytes alone; which of the user's files they are is known here. */
function noPicture(path: string, cause: CodedError): CodedError {
  return new CodedError('IMAGE_INVALID', 'This is not a picture that can be read', {
    details: { ...cause.details, file: path },
    cause,
  });
}

/**
 * The model to ask. A service at a given address knows its own; else the registry must have it, so that nobody waits
 * for a model that is not there.
 *
 * @throws {CodedError} MODEL_UNKNOWN when it has not; CONFIG_INVALID when there are several and none was named.
 */
async function chooseModel(
  store: ObjectStore,
  { model, url }: { readonly model?: string | undefined; readonly url?: string | undefined },
): Promise<string> {
  if (model !== undefined && url !== undefined) return model;
  const names = await modelNames(store);
  const [first, ...others] = names;
  if (first === undefined) throw new CodedError('MODEL_UNKNOWN', `There is no model in ${store.description} yet`);
  if (model === undefined && others.length === 0) return first;
  if (model !== undefined && names.includes(model)) return model;
  const details = { field: 'model', expected: names.join(' or ') };
  if (model === undefined) {
    throw new CodedError('CONFIG_INVALID', 'There are several models: say which with --model', { details });
  }
  throw new CodedError('MODEL_UNKNOWN', 'There is no model of that name', { details: { ...details, got: model } });
}

async function modelNames(store: ObjectStore): Promise<string[]> {
  const names = new Set<string>();
  for await (const { key } of store.list(modelKeys.root)) {
    if (key.endsWith('/entry.json')) names.add(key.split('/')[1] as string);
  }
  return [...names];
}
