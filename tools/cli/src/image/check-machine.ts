/** Whether kernel and processor of a machine will do for an image. */
import type { FoundNodes } from '../machines/find-machine.js';
import type { ImageFinding, Verdict } from './image-finding.js';
import type { Program } from './libraries.js';
import type { Image } from './read-image.js';
import { compareVersions } from './versions.js';

/** What libtensorflow is built for, and so every machine that is not known better. */
const USUAL = 'x86_64';

/** Of an image with nothing that can be started here, nothing else counts. */
export function checkArchitecture({ programs }: Image, { nodeType }: FoundNodes): ImageFinding {
  const { architecture = USUAL } = nodeType.system;
  const others = programs.filter((program) => program.architecture !== architecture);
  const own = programs.length - others.length;
  const why = `${own} programs and libraries are for ${architecture}, ${others.length} for others`;
  const verdict = own === 0 && programs.length > 0 ? 'no' : 'runs';
  return { what: 'architecture', verdict, why, files: verdict === 'no' ? pathsOf(others) : [] };
}

/** The oldest kernel that each file's C library was built for. */
export function checkKernel({ programs }: Image, { name, nodeType }: FoundNodes): ImageFinding {
  const wanted = programs
    .flatMap(({ kernel }) => kernel ?? [])
    .sort(compareVersions)
    .at(-1);
  const told = (verdict: Verdict, why: string, files: readonly string[] = []): ImageFinding => {
    return { what: 'kernel', verdict, why, files };
  };
  const { kernel } = nodeType.system;
  if (wanted === undefined) return told('runs', 'no file says which it needs');
  if (kernel === undefined) return told('unproven', `Linux ${wanted} is wanted; that of ${name} is not known`);
  const newer = programs.filter(
    (program) => program.kernel !== undefined && compareVersions(program.kernel, kernel) > 0,
  );
  if (newer.length > 0) return told('no', `Linux ${wanted} is wanted, ${name} has ${kernel}`, pathsOf(newer));
  return told('runs', `Linux ${wanted} is wanted at most, ${name} has ${kernel}`);
}

/** A level of x86-64 and one feature by which it is told from the level below. */
const LEVELS = [
  ['avx512f', 4],
  ['avx2', 3],
  ['avx', 2],
  ['sse4_2', 2],
] as const;

/** The level of x86-64 of a processor, by its features as Linux names them. */
export function levelOf(features: readonly string[]): number {
  return LEVELS.find(([feature]) => features.includes(feature))?.[1] ?? 1;
}

/** Whether a file is used on every processor: what lies in folders that the loader chooses by processor is not. */
export function isBound({ path }: Program): boolean {
  return !path.includes('/glibc-hwcaps/');
}

/** Processors by level. */
export function checkProcessor({ programs }: Image, { name, nodeType }: FoundNodes): ImageFinding {
  const features = nodeType.system.cpuFeatures;
  const bound = programs.filter(isBound);
  const wanted = Math.max(1, ...bound.map(({ isaLevel = 1 }) => isaLevel));
  const told = (verdict: Verdict, why: string, files: readonly string[] = []): ImageFinding => {
    return { what: 'processor', verdict, why, files };
  };
  if (wanted === 1) return told('runs', 'no file says that it needs more than the first x86-64');
  if (features === undefined) return told('unproven', `x86-64-v${wanted} is wanted; what ${name} has is not known`);
  const level = levelOf(features);
  const newer = bound.filter(({ isaLevel = 1 }) => isaLevel > level);
  if (newer.length > 0) return told('no', `x86-64-v${wanted} is wanted, ${name} has v${level}`, pathsOf(newer));
  return told('runs', `x86-64-v${wanted} is wanted at most, ${name} has v${level}`);
}

/** The oldest Linux that each release documents, the newest release first. */
const DOCUMENTED: Readonly<Record<'Go' | 'Node.js', readonly (readonly [since: string, kernel: string])[]>> = {
  /** @see Release notes of Go 1.24 and 1.18. */
  Go: [
    ['1.24', '3.2'],
    ['0', '2.6.32'],
  ],
  /** @see BUILDING.md of Node.js 18, 12 and 10. */
  'Node.js': [
    ['18', '4.18'],
    ['12', '3.10'],
    ['0', '2.6.32'],
  ],
};

/** Go's and Node's own words on kernels: below them, programs may run, and nobody says so. */
export function checkRuntimes({ programs, nodes }: Image, found: FoundNodes): ImageFinding[] {
  const go = programs.flatMap(({ path, go: version }) => (version === undefined ? [] : [[path, version] as const]));
  return [
    ...go.map(([path, version]) => checkRuntime(found, 'Go', { path, version: version.replace(/^go/u, '') })),
    ...[...nodes].map(([path, version = '']) => checkRuntime(found, 'Node.js', { path, version })),
  ];
}

function checkRuntime(
  { name, nodeType }: FoundNodes,
  runtime: keyof typeof DOCUMENTED,
  { path, version }: { readonly path: string; readonly version: string },
): ImageFinding {
  const { kernel } = nodeType.system;
  const told = (verdict: Verdict, why: string): ImageFinding => ({ what: runtime, verdict, why, files: [path] });
  const [number] = /\d+(?:\.\d+)+/u.exec(version) ?? [];
  if (number === undefined) return told('unproven', 'its version was not found');
  const [, oldest = ''] = DOCUMENTED[runtime].find(([since]) => compareVersions(number, since) >= 0) ?? [];
  const says = `${runtime} ${version} documents Linux ${oldest} or newer`;
  if (kernel === undefined) return told('unproven', `${says}; that of ${name} is not known`);
  return told(compareVersions(kernel, oldest) < 0 ? 'unproven' : 'runs', `${says}, ${name} has ${kernel}`);
}

/** Files that count on the rights of their owner: no runtime of containers at a site grants them. */
export function checkSetId({ setId }: Image, { machine }: FoundNodes): ImageFinding[] {
  const { runtime } = machine.container;
  if (runtime === 'none') return [];
  const why =
    setId.length > 0 ? `${runtime} does not grant the rights of owners: take the bit away (chmod a-s)` : 'none';
  return [{ what: 'setuid', verdict: setId.length > 0 ? 'no' : 'runs', why, files: setId }];
}

function pathsOf(programs: readonly Program[]): string[] {
  return programs.map(({ path }) => path);
}
