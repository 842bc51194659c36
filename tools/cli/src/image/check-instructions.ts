/** Whether programs execute only what the processor has, unless they ask it first. */
import type { FoundNodes } from '../machines/find-machine.js';
import { isBound, levelOf } from './check-machine.js';
import type { ImageFinding } from './image-finding.js';
import { lackingInstruction } from './lacking-instruction.js';
import type { Image } from './read-image.js';
import { EXTENSIONS, type Extension } from './x86/extensions.js';

/** As Linux names it, and from which level of x86-64 on a processor has it. */
const FLAGS: Readonly<Record<Extension, readonly [flag: string, level: number]>> = {
  AVX: ['avx', 3],
  AVX2: ['avx2', 3],
  FMA: ['fma', 3],
  F16C: ['f16c', 3],
  BMI1: ['bmi1', 3],
  BMI2: ['bmi2', 3],
  MOVBE: ['movbe', 3],
  FMA4: ['fma4', Infinity],
  XOP: ['xop', Infinity],
  // Parts of it are not told apart.
  'AVX-512': ['avx512f', 4],
};

/** Files with instructions that the machine lacks, and without any question what it has; of x86-64 alone. */
export async function checkInstructions(image: Image, { name, nodeType }: FoundNodes): Promise<ImageFinding[]> {
  const { architecture = 'x86_64', cpuFeatures } = nodeType.system;
  if (architecture !== 'x86_64') return [];
  const lacks = lackedBy(cpuFeatures ?? []);
  const [files, found]: [string[], string[]] = [[], []];
  for (const { path } of image.programs.filter(isBound)) {
    const instruction = await lackingInstruction(image.tree.onHost(path), path, lacks);
    if (!instruction) continue;
    files.push(path);
    found.push(`${instruction.extension} at 0x${instruction.address.toString(16)} of ${path}`);
  }
  const [first] = found;
  const told = (verdict: ImageFinding['verdict'], why: string): ImageFinding[] => [
    { what: 'instructions', verdict, why, files },
  ];
  if (first === undefined) return told('runs', `none beyond what ${name} has but in files that ask the processor`);
  const lack = cpuFeatures === undefined ? `what ${name} has is not known` : `${name} lacks it`;
  return told('unproven', `${first}, and nothing in that file asks the processor: ${lack}`);
}

function lackedBy(features: readonly string[]): ReadonlySet<Extension> {
  const has = levelOf(features);
  return new Set(EXTENSIONS.filter((one) => !features.includes(FLAGS[one][0]) && has < FLAGS[one][1]));
}
