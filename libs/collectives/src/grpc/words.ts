/** What ranks over gRPC tell rank 0's hub, and it them: one JSON value a line, over TCP. */

/** A rank, as the others find it. */
export interface Member {
  /** By which the others reach its host. */
  readonly host: string;
  /** Of its TensorFlow server. */
  readonly port: number;
}

/** From a rank to the hub. */
export type RankMessage =
  /** The first, by who knows the token. */
  | {
      readonly kind: 'join';
      readonly token: string;
      readonly rank: number;
      readonly size: number;
      readonly member: Member;
    }
  | { readonly kind: 'alive' }
  /** Its part of a collective. */
  | { readonly kind: 'give'; readonly value: unknown }
  /** The last. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'end'; readonly exitCode: number };

/** From the hub to a rank. */
export type HubMessage =
  /** All have joined; in their order. */
  | { readonly kind: 'together'; readonly members: readonly Member[] }
  /** Whoever joined is not one of those that were expected. */
  | { readonly kind: 'refused'; readonly field: string; readonly expected: string; readonly got: string }
  | { readonly kind: 'alive' }
  /** What each gave, in their order. */
  | { readonly kind: 'all'; readonly values: readonly unknown[] }
  /** All have left. */
  | { readonly kind: 'over' }
  | { readonly kind: 'end'; readonly exitCode: number }
  | { readonly kind: 'lost'; readonly words: string };
