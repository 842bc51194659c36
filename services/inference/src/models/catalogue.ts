import { CodedError, isCodedError, toCodedError, type ErrorCode } from '@bluewaters/errors';
import type { Logger } from '@bluewaters/service';
import { loadVersion, type LoadedVersion, type Loader } from './load-version.js';
import { dropLocalModel, listVersions, versionKey, type VersionRef } from '@bluewaters/registry';

/** A version as it stands now. */
export interface ServedVersion extends VersionRef {
  readonly state: 'loading' | 'ready' | 'failed';
  /** Present once it is ready. */
  readonly loaded?: LoadedVersion;
  /** Why it failed, or why the last try to load it did not succeed yet. */
  readonly error?: CodedError;
}

/** What happens to versions. */
export interface CatalogueObserver {
  /** A version is loading, ready or failed now. */
  readonly onChange: (served: ServedVersion) => void;
  /** A version is not served any more. */
  readonly onDropped: (served: ServedVersion) => void;
}

/** Versions of a model that stay loaded: the newest, and the one before for whoever asks for it by number. */
const VERSIONS_KEPT = 2;
/** A version that took the engine down this often is not tried again. */
const CRASHES_ALLOWED = 2;
/** What does not pass by itself. */
const THE_MODELS: readonly ErrorCode[] = ['MODEL_INVALID', 'FORMAT_UNKNOWN'];

/**
 * The models that this process serves. {@link refresh} makes it follow the registry: the newest versions that can be
 * loaded are, a damaged one is passed over, and an old one is given up only when a newer one answers.
 */
export class Catalogue {
  readonly #loader: Loader;
  readonly #log: Logger;
  #observer: CatalogueObserver | undefined;
  readonly #versions = new Map<string, ServedVersion>();
  readonly #crashes = new Map<string, number>();
  #refreshed = false;
  #closed = false;
  #turn: Promise<void> = Promise.resolve();

  constructor(loader: Loader, log: Logger) {
    this.#loader = loader;
    this.#log = log;
  }

  /** Tells one observer from now on, and at once what is there. */
  observe(observer: CatalogueObserver): void {
    this.#observer = observer;
    this.versions().forEach((served) => observer.onChange(served));
  }

  /** Tells and loads nothing any more. */
  close(): void {
    this.#closed = true;
    this.#observer = undefined;
  }

  /** True once the registry has been looked at and everything in it tried. */
  get refreshed(): boolean {
    return this.#refreshed;
  }

  /** Names of models with at least one version, in order. */
  models(): string[] {
    return [...new Set([...this.#versions.values()].map(({ model }) => model))].sort();
  }

  /** Versions that are known here, the newest first; of one model, or of all. */
  versions(model?: string): ServedVersion[] {
    const all = [...this.#versions.values()].filter((served) => model === undefined || served.model === model);
    return all.sort((a, b) => (a.model === b.model ? b.version - a.version : a.model < b.model ? -1 : 1));
  }

  /**
   * The version that answers: the one that was asked for, or the newest that is ready.
   *
   * @throws {CodedError} MODEL_UNKNOWN; NOT_READY while it is loading, or nobody knows yet what there is; MODEL_INVALID or
   * FORMAT_UNKNOWN when it can't be loaded.
   */
  pick(model: string, version?: number): ServedVersion & { readonly loaded: LoadedVersion } {
    const candidates = this.versions(model).filter((served) => version === undefined || served.version === version);
    const ready = candidates.find(isReady);
    if (ready) return ready;
    const what = version === undefined ? `model ${model}` : `version ${version} of model ${model}`;
    const [newest] = candidates;
    if (!newest && !this.#refreshed) throw new CodedError('NOT_READY', 'The registry is still being looked at');
    if (!newest) throw new CodedError('MODEL_UNKNOWN', `Servable not found: ${what}${this.#whatThereIs(model)}`);
    if (newest.state === 'failed') throw newest.error ?? new CodedError('MODEL_INVALID', `The ${what} is damaged`);
    throw new CodedError('NOT_READY', `The ${what} is still loading`);
  }

  /**
   * Looks at the registry and loads what is new. Calls run one after the other.
   *
   * @param retryFailed Tries again what failed before.
   * @throws {CodedError} STORE_UNAVAILABLE, STORE_REFUSED when the registry can't be read; what is served stays.
   */
  refresh({ retryFailed = false } = {}): Promise<void> {
    const mine = this.#turn.then(() => this.#follow(retryFailed));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  /** The engine lost everything: nothing answers until it is loaded again. */
  forgetLoaded(): void {
    for (const served of this.versions()) {
      if (served.state === 'ready') this.#set({ model: served.model, version: served.version, state: 'loading' });
    }
  }

  async #follow(retryFailed: boolean): Promise<void> {
    const registered = await listVersions(this.#loader.store);
    if (retryFailed) this.#forgetFailures();
    for (const [model, versions] of registered) await this.#loadNewest(model, versions);
    for (const served of this.versions()) {
      if (!registered.get(served.model)?.includes(served.version)) await this.#drop(served);
    }
    this.#refreshed = true;
  }

  #forgetFailures(): void {
    this.#crashes.clear();
    for (const served of this.versions()) {
      if (served.state === 'failed') this.#versions.delete(versionKey(served));
    }
  }

  /** From the newest down until enough of them are ready; what is older than those is given up. */
  async #loadNewest(model: string, versions: readonly number[]): Promise<void> {
    let ready = 0;
    for (const version of versions) {
      const served = this.#versions.get(versionKey({ model, version }));
      if (ready === VERSIONS_KEPT) {
        if (served) await this.#drop(served);
      } else if (served?.state === 'ready' || (served?.state !== 'failed' && (await this.#load({ model, version })))) {
        ready += 1;
      }
    }
  }

  /** @returns Whether the version is ready now. */
  async #load(ref: VersionRef): Promise<boolean> {
    if (this.#closed) return false;
    this.#set({ ...ref, state: 'loading' });
    try {
      const loaded = await loadVersion(this.#loader, ref);
      this.#set({ ...ref, state: 'ready', loaded });
      return true;
    } catch (error) {
      this.#fail(ref, toCodedError(error));
      return false;
    }
  }

  #fail(ref: VersionRef, error: CodedError): void {
    const failure = this.#afterCrash(ref, error);
    const state = THE_MODELS.includes(failure.code) ? 'failed' : 'loading';
    if (this.#closed) return;
    this.#log.error({ err: failure, ...ref, state }, `a model can't be loaded: ${failure.message}`);
    this.#set({ ...ref, state, error: failure });
  }

  /** A model that kills the engine each time would keep it from serving the others. */
  #afterCrash(ref: VersionRef, error: CodedError): CodedError {
    if (!isCodedError(error.cause, 'PROCESS_DIED') && error.code !== 'TIMED_OUT') return error;
    const crashes = (this.#crashes.get(versionKey(ref)) ?? 0) + 1;
    this.#crashes.set(versionKey(ref), crashes);
    if (crashes < CRASHES_ALLOWED) return error;
    return new CodedError('MODEL_INVALID', 'The engine ended each time that it loaded this version', { cause: error });
  }

  async #drop(served: ServedVersion): Promise<void> {
    this.#versions.delete(versionKey(served));
    // An engine that is gone has unloaded it already.
    if (served.state === 'ready') await this.#loader.engine.unload(versionKey(served)).catch(() => {});
    await dropLocalModel(this.#loader.store, served, this.#loader.cacheDirectory);
    this.#observer?.onDropped(served);
  }

  #set(served: ServedVersion): void {
    this.#versions.set(versionKey(served), served);
    this.#observer?.onChange(served);
  }

  #whatThereIs(model: string): string {
    const served = this.versions(model).map(({ version }) => version);
    if (served.length > 0) return `; versions served: ${served.join(', ')}`;
    const models = this.models();
    return models.length > 0 ? `; models served: ${models.join(', ')}` : '; the registry has no model';
  }
}

function isReady(served: ServedVersion): served is ServedVersion & { readonly loaded: LoadedVersion } {
  return served.loaded !== undefined;
}
