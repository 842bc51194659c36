/** Whether something of an image will do on a machine; `unproven` where nobody has said or tried so. */
export type Verdict = 'runs' | 'unproven' | 'no';

/** One thing that was looked at. */
export interface ImageFinding {
  readonly what: string;
  readonly verdict: Verdict;
  readonly why: string;
  /** Files of the image that it is about, in order. */
  readonly files: readonly string[];
}

/** The worst of some findings. */
export function worst(findings: readonly ImageFinding[]): Verdict {
  const verdicts = findings.map(({ verdict }) => verdict);
  return verdicts.includes('no') ? 'no' : verdicts.includes('unproven') ? 'unproven' : 'runs';
}
