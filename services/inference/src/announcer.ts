import { ModelReady, ServedModels, type MessageBus, type ServedModel, type StateTable } from '@bluewaters/messages';
import type { Logger } from '@bluewaters/service';
import type { ServedVersion } from './models/catalogue.js';
import { versionKey, type VersionRef } from '@bluewaters/registry';

/** Tells the bus what this process serves: a row for each version, and an event when one answers. Never fails the caller. */
export class Announcer {
  readonly #bus: MessageBus;
  readonly #table: StateTable<ServedModel>;
  readonly #address: string;
  readonly #log: Logger;
  readonly #announced = new Set<string>();
  #turn: Promise<void> = Promise.resolve();

  private constructor(options: AnnouncerOptions, table: StateTable<ServedModel>) {
    this.#bus = options.bus;
    this.#address = options.address;
    this.#log = options.log;
    this.#table = table;
  }

  /** @throws {CodedError} BUS_UNAVAILABLE. */
  static async open(options: AnnouncerOptions): Promise<Announcer> {
    return new Announcer(options, await options.bus.state(ServedModels));
  }

  /** A version as the bus tells it. */
  describe({ model, version, state }: ServedVersion): ServedModel {
    return { model, version, state, address: this.#address };
  }

  /** Tells a new state. */
  tell(served: ServedVersion): void {
    const row = this.describe(served);
    this.#announced.add(versionKey(served));
    this.#next(async () => {
      await this.#table.put(versionKey(served), row);
      if (row.state === 'ready') await this.#bus.publish(ModelReady, row);
    });
  }

  /** Tells everything anew, to a bus that has lost its state. */
  async tellAll(served: readonly ServedVersion[]): Promise<void> {
    for (const version of served) this.tell(version);
    await this.#turn;
  }

  /** A version is not served any more. */
  withdraw(ref: VersionRef): void {
    this.#announced.delete(versionKey(ref));
    this.#next(() => this.#table.delete(versionKey(ref)));
  }

  /** Withdraws everything and resolves when the bus has it. */
  async withdrawAll(): Promise<void> {
    for (const key of this.#announced) this.#next(() => this.#table.delete(key));
    this.#announced.clear();
    await this.#turn;
  }

  /** One after the other, so that the last state told is the last state seen. */
  #next(say: () => Promise<void>): void {
    this.#turn = this.#turn.then(say).catch((error: unknown) => {
      this.#log.warn({ err: error }, 'the bus does not hear what is served');
    });
  }
}

interface AnnouncerOptions {
  readonly bus: MessageBus;
  /** `http://host:port` of this process. */
  readonly address: string;
  readonly log: Logger;
}
