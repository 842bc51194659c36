import { encodeJpeg } from '@bluewaters/images';
import { InProcessBus } from '@bluewaters/messages';
import { createLogger, createRegistry } from '@bluewaters/service';
import type { ObjectStore } from '@bluewaters/storage';
import { InferenceOptions, start, type RunningInference } from './index.js';

/** Blue squares of 8 pixels, in formats that TensorFlow is not given as they are. */
const BLUE = {
  png: 'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAEElEQVR4nGNgYPiPAw0pCQCpcD/BFMrqcwAAAABJRU5ErkJggg==',
  webp: 'UklGRhwAAABXRUJQVlA4TA8AAAAvB8ABAAcQ0f/+ByKi/wEA',
  gif: 'R0lGODlhCAAIAIAAAExpcQAA/yH5BAUAAAAALAAAAAAIAAgAAAIHjI+py+1dAAA7',
} as const;

/** A blue picture in the format that is asked for. */
export async function blue(format: 'jpeg' | keyof typeof BLUE): Promise<Buffer> {
  return format === 'jpeg' ? jpeg('blue') : Buffer.from(BLUE[format], 'base64');
}

/** The colours of the tiny model, and one between them. */
const RGB = { red: [230, 20, 20], green: [20, 230, 20], blue: [20, 20, 230], brown: [160, 96, 48] } as const;

/** A JPEG of one colour. */
export function jpeg(colour: keyof typeof RGB): Promise<Buffer> {
  return jpegOf(40, 30, (index) => RGB[colour][index % 3]!);
}

/** A JPEG of noise, whose coded part is long. */
export function noisyJpeg(): Promise<Buffer> {
  return jpegOf(160, 120, (index) => (Math.imul(index, 2654435761) >>> 13) & 255);
}

async function jpegOf(width: number, height: number, value: (index: number) => number): Promise<Buffer> {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, index) => value(index));
  return Buffer.from(await encodeJpeg(pixels, { width, height, channels: 3, quality: 90 }));
}

/** A picture as JSON carries it. */
export const b64 = (bytes: Buffer) => ({ b64: bytes.toString('base64') });

/** What the service answers, all of its forms together. */
export interface AnswerBody {
  readonly error: string;
  readonly code: string;
  readonly model: string;
  readonly version: number;
  readonly predictions: readonly {
    readonly label: number;
    readonly words: string;
    readonly probability: number;
    readonly probabilities: readonly number[];
    readonly top_labels: readonly number[];
    readonly top_synsets: readonly string[];
  }[];
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly model_version_status: readonly unknown[];
  readonly model_spec: unknown;
  readonly metadata: {
    readonly signature: { readonly classes: readonly unknown[] };
    readonly signature_def: {
      readonly signature_def: Readonly<Record<string, { readonly inputs: unknown; readonly outputs: unknown }>>;
    };
  };
}

/** One answer over HTTP. */
export interface Answer {
  readonly status: number;
  /** Empty where the answer is no JSON. */
  readonly body: AnswerBody;
  readonly text: string;
  readonly headers: Headers;
}

/** One service with its ports, and how to ask it. */
export class Rig {
  readonly bus = new InProcessBus();
  readonly metrics = createRegistry();
  readonly store: ObjectStore;
  service!: RunningInference;

  constructor(store: ObjectStore) {
    this.store = store;
  }

  async start(options: Partial<InferenceOptions> = {}): Promise<this> {
    const log = createLogger({ service: 'test', level: 'silent' });
    const wanted = InferenceOptions.parse({ port: 0, engineThreads: 1, maxBodyBytes: 100_000, ...options });
    this.service = await start(wanted, { bus: this.bus, store: this.store, log, metrics: this.metrics });
    return this;
  }

  /** Waits until models answer. */
  async ready(): Promise<this> {
    const deadline = performance.now() + 60_000;
    while (!this.service.readiness().ready) {
      if (performance.now() > deadline) throw new Error(this.service.readiness().reason);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return this;
  }

  async get(path: string): Promise<Answer> {
    return read(await fetch(this.service.address + path));
  }

  async post(path: string, body: Uint8Array | string | object, type = 'application/json'): Promise<Answer> {
    const sent = body instanceof Uint8Array || typeof body === 'string' ? body : JSON.stringify(body);
    const headers = { 'content-type': type };
    return read(await fetch(this.service.address + path, { method: 'POST', body: sent, headers }));
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.bus.close();
  }
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  const body = (isJson ? JSON.parse(text) : {}) as AnswerBody;
  return { status: response.status, body, text, headers: response.headers };
}
