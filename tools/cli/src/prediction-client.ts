import { CodedError, ERROR_CODES, type ErrorCode } from '@bluewaters/errors';

/** The most probable class of a picture. */
export interface Prediction {
  /** 1-based; 0 is background. */
  readonly label: number;
  readonly synset: string;
  readonly words: string;
  /** 0 to 1. */
  readonly probability: number;
}

interface TopAnswer {
  readonly top_labels: readonly number[];
  readonly top_probabilities: readonly number[];
}

/** Speaks to an inference service over HTTP, as any client would. */
export class PredictionClient {
  readonly #address: string;
  readonly #model: string;

  /** @param address `http://host:port`. */
  constructor(address: string, model: string) {
    this.#address = address.replace(/\/$/u, '');
    this.#model = model;
  }

  /** One encoded picture through the raw route: its most probable classes, best first. */
  async classify(image: Uint8Array, top = 5): Promise<readonly Prediction[]> {
    const url = `${this.#address}/v1/models/${this.#model}/image?top=${top}`;
    const answer = (await post(url, { 'content-type': 'application/octet-stream' }, image)) as {
      predictions: readonly Prediction[];
    };
    return answer.predictions;
  }

  /** Many JPEGs through TensorFlow Serving's route: the most probable label of each. */
  async predict(jpegs: readonly Uint8Array[]): Promise<readonly Pick<Prediction, 'label' | 'probability'>[]> {
    const url = `${this.#address}/v1/models/${this.#model}:predict`;
    const instances = jpegs.map((jpeg) => ({ b64: Buffer.from(jpeg).toString('base64') }));
    const body = JSON.stringify({ instances });
    const answer = (await post(url, { 'content-type': 'application/json' }, body)) as {
      predictions: readonly TopAnswer[];
    };
    return answer.predictions.map(({ top_labels: labels, top_probabilities: probabilities }) => ({
      label: labels[0] ?? 0,
      probability: probabilities[0] ?? 0,
    }));
  }
}

async function post(url: string, headers: Record<string, string>, body: string | Uint8Array): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', headers, body }).catch((error: unknown) => {
    throw new CodedError('NO_RESPONDERS', 'No inference service answers', { details: { file: url }, cause: error });
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  const { error, code } = (answer ?? {}) as { error?: string; code?: string };
  const known = code !== undefined && code in ERROR_CODES ? (code as ErrorCode) : 'INTERNAL';
  throw new CodedError(known, error ?? `${url} answered ${response.status}`);
}
