import type { ImageLimits } from '@bluewaters/images';
import type { MessageBus, Progress } from '@bluewaters/messages';
import type { ObjectStore } from '@bluewaters/storage';

/** What indexing needs beside the request. */
export interface IndexContext {
  readonly store: ObjectStore;
  readonly limits: ImageLimits;
  /** A folder with room for a compressed archive's plain bytes. */
  readonly scratch: string;
  /** Ends the work soon, with INTERRUPTED; started again, it goes on from the last synset that was done. */
  readonly signal: AbortSignal;
  readonly report: (progress: Progress) => void;
  /**
   * Pictures of a synset that are looked at, at a time. Several keep more than a core busy, since pixels are decoded beside
   * JavaScript's thread; one is right for a process that is to keep one. 8 unless it is given.
   */
  readonly picturesAtATime?: number | undefined;
  /** Where synsets are given out as units of work; without it this process indexes them all. */
  readonly spread?: Spread | undefined;
}

/** How units are given out. */
export interface Spread {
  /** Others take units from its queue. */
  readonly bus: MessageBus;
  /** Who asks, as they say. */
  readonly person: string | undefined;
  /** Of a part of a synset that has several times as many; 128 MiB unless it is given. */
  readonly partBytes?: number;
}
