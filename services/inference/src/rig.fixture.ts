import { encodeJpeg } from '@bluewaters/images';
import { InProcessBus } from '@bluewaters/messages';
import { createLogger, Registry } from '@bluewaters/service';
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

/** One service with its ports, and how to ask it. */
export class Rig {
  readonly bus = new InProcessBus();
  readonly metrics = new Registry();
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

  async get(path: string): Promise<{ status: number; body: any; headers: Headers }> {
    return this.#answer(await fetch(this.service.address + path));
  }

  async post(path: string, body: Buffer | string | object, type = 'application/json') {
    const sent = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
    return this.#answer(
      await fetch(this.service.address + path, {
        method: 'POST',
        body: sent as BodyInit,
        headers: { 'content-type': type },
      }),
    );
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.bus.close();
  }

  async #answer(response: Response) {
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
  }
}
