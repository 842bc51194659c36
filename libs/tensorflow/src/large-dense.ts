/** Rows of a dense layer's batch, as many as were measured. */
const ROWS = { least: 4, most: 128 } as const;

/** With fewer weights there is little to gain. */
const LEAST_WEIGHTS = 2 ** 22;

/**
 * Whether a dense layer of that many inputs and units has so many weights, and its batch so few rows, that memory is what its
 * products wait for (`docs/decisions/0012-gradients-of-convolutions.md`).
 */
export function isLargeDense(rows: number, inputs: number, units: number): boolean {
  return rows >= ROWS.least && rows <= ROWS.most && inputs * units >= LEAST_WEIGHTS;
}
