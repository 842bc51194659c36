/** Where variables live: with whoever computes, or spread over parameter servers. */

/** Decides on the device of each variable, in the order in which a network asks for them. */
export interface Placement {
  /**
   * The device of the next variable, such as '/job:ps/task:1'; '' for that of the scope.
   *
   * @param bytes That it takes.
   */
  deviceFor(bytes: number): string;
}

/** All variables are where the operations are. */
export const TOGETHER: Placement = { deviceFor: () => '' };

/**
 * Spreads variables over devices by their size: each goes to the one that has the fewest bytes so far, to the first of
 * several. Whoever builds the same network comes to the same places. An optimiser's accumulators go where their variables
 * are, so they are spread alike.
 *
 * @param devices One at least. No device gets more than an equal share and the largest variable.
 * @see `tf.contrib.training.GreedyLoadBalancingStrategy` with `byte_size_load_fn`
 */
export function spreadBySize(devices: readonly string[]): Placement {
  const loads = devices.map((device) => ({ device, bytes: 0 }));
  return {
    deviceFor(bytes) {
      const least = loads.reduce((found, load) => (load.bytes < found.bytes ? load : found));
      least.bytes += bytes;
      return least.device;
    },
  };
}
