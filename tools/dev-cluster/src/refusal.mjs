/** What a front end says to a user, who asked for something that it would not do. */
export class Refusal extends Error {}

/**
 * Runs a front end and ends the process as it says.
 *
 * @param {string} name As the user called it.
 * @param {() => number | Promise<number>} run Gives the exit code.
 */
export async function frontEnd(name, run) {
  try {
    process.exitCode = await run();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = 1;
  }
}
