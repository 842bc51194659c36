import os from 'node:os';

/** Cores that this process may use, at least 1. Node 16 cannot say so, and then it is all cores of the machine. */
export function availableCores(): number {
  return (os as Partial<typeof os>).availableParallelism?.() ?? os.cpus().length;
}
