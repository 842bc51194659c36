/** What Shifter makes of an image: one read-only file, which root mounts and an ordinary user runs. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OTHER_ACCOUNT } from '@bluewaters/testing';
import { bash, bashOutput, type ProgramEnded } from './docker.js';

/** An image of Docker's as a mounted file of SquashFS. */
export class FlattenedImage {
  readonly #file: string;
  readonly #root: string;
  readonly #environment: string;

  private constructor(folder: string) {
    this.#file = join(folder, 'image.squashfs');
    this.#root = join(folder, 'root');
    this.#environment = join(folder, 'environment');
  }

  /** Flattens and mounts one; with root's rights. @param folder Empty, for its files alone. */
  static async mount(image: string, folder: string): Promise<FlattenedImage> {
    const flattened = new FlattenedImage(folder);
    await mkdir(flattened.#root);
    const container = await bashOutput(`docker create ${image}`);
    try {
      await bashOutput(`docker export ${container} | sqfstar -quiet -comp lz4 ${flattened.#file}`);
    } finally {
      await bashOutput(`docker rm --volumes ${container}`);
    }
    const environment = await bashOutput(`docker image inspect --format '{{join .Config.Env "\\n"}}' ${image}`);
    // The place for copies is within the image: a site names one of its own.
    await writeFile(flattened.#environment, `${environment}\nBLUEWATERS_CACHE=/tmp\n`);
    await bashOutput(`mount -t squashfs -o loop,ro,nosuid,nodev ${flattened.#file} ${flattened.#root}`);
    return flattened;
  }

  /**
   * A line of bash that runs something within it, as an account that owns nothing; it sees this host's network.
   *
   * @param bound Folder by place in the image.
   */
  line(command: string, bound: Readonly<Record<string, string>> = {}): string {
    const { uid, gid } = OTHER_ACCOUNT;
    const binds = Object.entries(bound).map(([place, folder]) => `--bind=${folder}:${place}`);
    const user = `setpriv --reuid ${uid} --regid ${gid} --clear-groups env -i PATH="$PATH" USER=other HOME=/tmp`;
    return `exec ${user} ch-run --private-tmp --set-env=${this.#environment} ${binds.join(' ')} ${this.#root} -- ${command}`;
  }

  /** Runs something within it to its end. */
  run(command: string, bound: Readonly<Record<string, string>> = {}): Promise<ProgramEnded> {
    return bash(this.line(command, bound));
  }

  /** Takes it away. */
  async unmount(): Promise<void> {
    await bash(`umount ${this.#root}`);
    await rm(this.#file, { force: true });
  }
}
