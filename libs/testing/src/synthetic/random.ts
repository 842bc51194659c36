/** A generator of numbers 0 to 2³² − 1, always the same for a seed (xorshift, 32 bits). */
export function randomNumbers(seed: number): () => number {
  // Zero would stay zero; the multiplier spreads neighbouring seeds.
  let state = Math.imul(seed + 1, 0x9e37_79b1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}
