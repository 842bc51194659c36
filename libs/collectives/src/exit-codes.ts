/** How a process that was one of several ranks ends, for whoever started it. */
export const EXIT_CODES = {
  /** It said why. */
  failed: 1,
  /** Stopped after a checkpoint, by a signal or the end of its time: the same command goes on from there. */
  stopped: 75,
  /** Another rank was lost, or came too late; `native/ranks.cc` has the same. */
  rankLost: 76,
} as const;
