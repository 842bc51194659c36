/** The protocol that every side of a measurement speaks: see `side.mjs`. */
import { createInterface } from 'node:readline';

/**
 * Says that it is ready, then for each line of input makes as many steps as it says, and answers with the seconds that
 * they took, the processor's seconds, the page faults, and the last loss.
 *
 * @param {() => number | Promise<number>} step Gives its loss.
 */
export async function answer(step) {
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    const [started, before, faults] = [performance.now(), process.cpuUsage(), pageFaults()];
    let loss = NaN;
    for (let made = 0; made < Number(line); made += 1) loss = await step();
    const { user, system } = process.cpuUsage(before);
    const seconds = (performance.now() - started) / 1e3;
    console.log(
      JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, pageFaults: pageFaults() - faults, loss }),
    );
  }
}

/** Pages that the kernel had to clear or map for this process so far. */
function pageFaults() {
  return process.resourceUsage().minorPageFault;
}
