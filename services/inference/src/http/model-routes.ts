import { CodedError } from '@bluewaters/errors';
import { loadExpress } from '@bluewaters/service';
import type { Request, Router } from 'express';
import { columnAnswer, metadata, rowAnswer, topClasses, versionStatus } from './predict-answer.js';
import { parsePredictRequest } from './predict-request.js';
import type { Classifier, ModelAddress } from './classifier.js';

const MODEL = '/v1/models/:model';
const VERSION = '/v1/models/:model/versions/:version';

/** What uploads may have as content type; what the bytes are is found by looking at them. */
const PICTURE_TYPES = ['image/*', 'application/octet-stream'];
const DEFAULT_TOP = 5;

/** TensorFlow Serving's REST interface, and beside it `…/image` for a picture as it is. */
export function modelRoutes(classifier: Classifier, { maxBodyBytes }: { readonly maxBodyBytes: number }): Router {
  const { json, raw, Router } = loadExpress();
  const router = Router();
  const { catalogue } = classifier;
  router.get('/v1/models', (_request, response) => {
    response.json({ models: catalogue.models() });
  });
  router.get([MODEL, VERSION], (request, response) => {
    const { model, version } = addressOf(request);
    const versions = catalogue.versions(model).filter((served) => !version || served.version === version);
    if (versions.length === 0) throw unknownVersions(model, version);
    response.json(versionStatus(versions));
  });
  router.get([`${MODEL}/metadata`, `${VERSION}/metadata`], (request, response) => {
    const { model, version } = addressOf(request);
    response.json(metadata(catalogue.pick(model, version)));
  });
  // The type is not looked at, as TensorFlow Serving doesn't: curl sends a form's type for `-d '{…}'`.
  const body = json({ limit: maxBodyBytes, type: () => true, strict: false });
  router.post([`${MODEL}\\:predict`, `${VERSION}\\:predict`], body, async (request, response) => {
    const { form, pictures } = parsePredictRequest(request.body);
    const { predictions } = await classifier.classify(addressOf(request), pictures);
    response.json(
      form === 'instances' ? { predictions: rowAnswer(predictions) } : { outputs: columnAnswer(predictions) },
    );
  });
  const picture = raw({ limit: maxBodyBytes, type: PICTURE_TYPES });
  router.post([`${MODEL}/image`, `${VERSION}/image`], picture, async (request, response) => {
    response.json(await classifyBody(classifier, request));
  });
  return router;
}

function addressOf(request: Request): ModelAddress {
  const { model, version } = request.params as { model: string; version?: string };
  if (version === undefined) return { model };
  if (!/^[1-9]\d{0,9}$/u.test(version)) throw unknownVersions(model, version);
  return { model, version: Number(version) };
}

async function classifyBody(classifier: Classifier, request: Request): Promise<unknown> {
  const top = topOf(request.query['top']);
  if (!Buffer.isBuffer(request.body)) {
    const details = {
      field: 'content-type',
      expected: PICTURE_TYPES.join(' or '),
      got: request.get('content-type') ?? 'none',
    };
    throw new CodedError('REQUEST_INVALID', 'The body is not sent as a picture', { details });
  }
  const picture = { bytes: request.body, field: 'body' };
  const { served, predictions } = await classifier.classify(addressOf(request), [picture]);
  const { model, version, loaded } = served;
  return { model, version, predictions: topClasses(loaded.signature, predictions[0]!, top) };
}

function topOf(text: unknown): number {
  if (text === undefined) return DEFAULT_TOP;
  if (typeof text === 'string' && /^[1-9]\d{0,4}$/u.test(text)) return Number(text);
  const details = {
    field: 'top',
    expected: 'a whole number from 1',
    got: typeof text === 'string' ? text : 'more than one',
  };
  throw new CodedError('REQUEST_INVALID', 'Malformed request', { details });
}

function unknownVersions(model: string, version: number | string | undefined): CodedError {
  const which = version === undefined ? 'any versions' : `version ${version}`;
  return new CodedError('MODEL_UNKNOWN', `Could not find ${which} of model ${model}`);
}
