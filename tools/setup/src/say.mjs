/** A stop that the person at the keyboard can do something about: what is wrong, then how to get on. */
export class SetupError extends Error {
  /**
   * @param {string} message What is wrong, one sentence.
   * @param {string} how What to do about it, one sentence.
   * @param {ErrorOptions & { code?: string }} [options] `code` is one of docs/errors.md.
   */
  constructor(message, how, { code, ...options } = {}) {
    super(message, options);
    this.name = 'SetupError';
    /** @readonly */
    this.how = how;
    /** @readonly */
    this.code = code;
  }
}

/**
 * Prints one line of what set-up does, to standard error: standard output belongs to the command that follows.
 *
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}
