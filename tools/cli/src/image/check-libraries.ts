/** Whether programs find their loader and libraries in the image, in the versions that they were linked against. */
import { posix } from 'node:path';
import type { FoundNodes } from '../machines/find-machine.js';
import type { ImageFinding, Verdict } from './image-finding.js';
import type { Program } from './libraries.js';
import type { Image } from './read-image.js';
import { compareVersions, highest } from './versions.js';

/** Of NVIDIA's driver, which the site puts into images. */
const DRIVER = /^lib(?:cuda|nvidia-[\w-]+|nvcuvid)\.so\b/u;

/** The loader that the kernel is to start. */
export async function checkInterpreters(image: Image): Promise<ImageFinding> {
  const missing = new Map<string, string[]>();
  for (const { path, interpreter } of image.programs) {
    if (interpreter === undefined || (await image.tree.resolve(interpreter)) !== undefined) continue;
    missing.set(interpreter, [...(missing.get(interpreter) ?? []), path]);
  }
  const names = [...missing.keys()];
  return {
    what: 'loader',
    verdict: names.length > 0 ? 'no' : 'runs',
    why: names.length > 0 ? `${names.join(' and ')} is not in the image` : 'every program finds the one that it names',
    files: [...missing.values()].flat(),
  };
}

/** Libraries by name: of programs, and of what programs may open while they run. */
export async function checkLibraries(image: Image, { machine, nodeType }: FoundNodes): Promise<ImageFinding[]> {
  const names = new Set(image.programs.map(({ path }) => posix.basename(path)));
  const started = await startedWith(image);
  const missing = new Map<string, Program[]>();
  for (const program of image.programs) {
    for (const name of program.needed) {
      if (await image.libraries.find(name, program)) continue;
      missing.set(name, [...(missing.get(name) ?? []), program]);
    }
  }
  const findings = [...missing].map(([name, programs]): ImageFinding => {
    const broken = programs.filter((program) => started.has(program));
    const files = (broken.length > 0 ? broken : programs).map(({ path }) => path);
    const told = (verdict: Verdict, why: string): ImageFinding => ({ what: name, verdict, why, files });
    if (machine.mpiLibraries.includes(name)) return told('runs', `${machine.name} puts its own there`);
    if (nodeType.gpus > 0 && DRIVER.test(name)) return told('unproven', 'the driver of the machine has to bring it');
    if (names.has(name)) return told('unproven', 'it lies where only a path of the program leads to');
    if (broken.length > 0) return told('no', 'a program needs it, and it is not in the image');
    return told('unproven', 'a library needs it that no program is linked to, and it is not in the image');
  });
  if (findings.length > 0) return findings;
  return [{ what: 'libraries', verdict: 'runs', why: 'each that is needed is in the image', files: [] }];
}

/** Programs, and the libraries that are loaded before they start. */
async function startedWith({ programs, libraries }: Image): Promise<ReadonlySet<Program>> {
  const started = new Set(programs.filter(({ interpreter }) => interpreter !== undefined));
  // A set that grows while it is walked: what is added is walked, too.
  for (const program of started) {
    for (const name of program.needed) {
      const found = await libraries.find(name, program);
      if (found) started.add(found);
    }
  }
  return started;
}

/** Versions of the C library and of C++'s, and any other library that has versions. */
export async function checkVersions({ programs, libraries }: Image): Promise<ImageFinding> {
  const lacks = new Map<string, string[]>();
  const [wanted, given]: [string[], string[]] = [[], []];
  for (const program of programs) {
    for (const { library, versions } of program.needs) {
      const found = await libraries.find(library, program);
      if (!found || found.defines.length === 0) continue;
      wanted.push(...versions);
      given.push(...found.defines);
      const lacking = versions.filter((version) => !found.defines.includes(version)).sort(byNumber);
      if (lacking.length > 0) {
        const lack = `${lacking.at(-1)} of ${library}`;
        lacks.set(lack, [...(lacks.get(lack) ?? []), program.path]);
      }
    }
  }
  const files = [...lacks.values()].flat();
  const has = ['GLIBC_', 'GLIBCXX_'].flatMap((prefix) => {
    const [most, there] = [highest(wanted, prefix), highest(given, prefix)];
    return most === undefined ? [] : [`${prefix}${most} is wanted at most, the image has ${there}`];
  });
  if (files.length === 0) return { what: 'versions', verdict: 'runs', why: has.join('; ') || 'none is wanted', files };
  return {
    what: 'versions',
    verdict: 'no',
    why: `not in the image: ${[...lacks.keys()].join(', ')}; ${has.join('; ')}`,
    files,
  };
}

function byNumber(a: string, b: string): number {
  return compareVersions(a.replace(/\D+/u, ''), b.replace(/\D+/u, ''));
}

/** Names of MPICH's library, as its own build and as Debian's name it; Open MPI's. */
const MPI_NAMES = ['libmpi.so.12', 'libmpich.so.12', 'libmpi.so.40'];

/** Which MPI an image is made for: the site's has to take the place of its own. */
export function checkMpi({ programs }: Image, { machine: { name, mpiLibraries } }: FoundNodes): ImageFinding {
  const found = MPI_NAMES.map((library) => ({
    library,
    files: programs.filter(({ soname, needed }) => needed.includes(library) || soname === library),
  })).filter(({ files }) => files.length > 0);
  const names = found.map(({ library }) => library);
  const files = found.flatMap((one) => one.files.map(({ path }) => path));
  const told = (verdict: Verdict, why: string): ImageFinding => ({ what: 'MPI', verdict, why, files });
  if (names.length === 0)
    return told('unproven', 'the image has none, and no program names one: ranks need the site’s');
  if (mpiLibraries.length === 0) return told('unproven', `${names.join(', ')}; what ${name} puts there is not known`);
  if (names.some((library) => mpiLibraries.includes(library)))
    return told('runs', `${name} puts its own there: ${mpiLibraries.join(', ')}`);
  return told('unproven', `${names.join(', ')}, which ${name} does not replace: it has ${mpiLibraries.join(', ')}`);
}
