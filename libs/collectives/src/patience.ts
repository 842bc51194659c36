/** How long ranks wait for one another, in seconds. */
export interface Patience {
  /** Without a sign of life, after which a rank is lost: it died, hangs, or its host is gone. */
  readonly silence: number;
  /** In a collective, for ranks that live: one of them may be evaluating or writing a checkpoint. */
  readonly collective: number;
  /** For all ranks to have started. */
  readonly start: number;
}

/** See {@link Patience:interface}. */
export const DEFAULT_PATIENCE: Patience = { silence: 20, collective: 1800, start: 60 };
