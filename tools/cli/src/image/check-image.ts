/** Everything that is asked of an image on a machine. */
import { machine as architectureHere, release } from 'node:os';
import { cpuFeatures } from '@bluewaters/setup';
import { findNodes, type FoundNodes } from '../machines/find-machine.js';
import { NodeType } from '../machines/machine.js';
import { checkInterpreters, checkLibraries, checkMpi, checkVersions } from './check-libraries.js';
import { checkInstructions } from './check-instructions.js';
import { checkArchitecture, checkKernel, checkProcessor, checkRuntimes, checkSetId } from './check-machine.js';
import { checkCodec, checkNodes, withoutCodec } from './check-node.js';
import type { ImageFinding } from './image-finding.js';
import { withImage } from './open-image.js';
import { readImage, type Image } from './read-image.js';

/**
 * Looks at every program and library of an image; starts none.
 *
 * @param path The folder that it was unpacked to, or an archive of it.
 * @param nodes Where it is to run.
 * @throws {CodedError} FILE_NOT_FOUND or STORE_REFUSED for what cannot be read; of archives as {@link withImage}.
 */
export async function checkImage(path: string, nodes: FoundNodes): Promise<ImageFinding[]> {
  const { architecture = 'x86_64' } = nodes.nodeType.system;
  return withImage(path, { architecture }, async (tree) => checkAll(await readImage(tree), architecture, nodes));
}

async function checkAll(image: Image, architecture: string, nodes: FoundNodes): Promise<ImageFinding[]> {
  const own = { ...image, programs: image.programs.filter((program) => program.architecture === architecture) };
  return [
    checkArchitecture(image, nodes),
    ...image.damaged,
    checkKernel(own, nodes),
    checkProcessor(own, nodes),
    ...(await checkInstructions(own, nodes)),
    await checkInterpreters(own),
    ...(await checkLibraries(own, nodes)),
    await checkVersions(withoutCodec(own)),
    ...(await checkCodec(own)),
    checkMpi(own, nodes),
    ...checkRuntimes(own, nodes),
    ...checkNodes(own),
    ...checkSetId(own, nodes),
  ];
}

/** Nodes by name; of the computer that this runs on, what its file leaves out is asked of the system. */
export async function nodesToCheck(name: string): Promise<FoundNodes> {
  const found = await findNodes(name);
  if (found.machine.name !== 'local') return found;
  const here = {
    kernel: /^\d+\.\d+(?:\.\d+)?/u.exec(release())?.[0],
    ...{ architecture: architectureHere(), cpuFeatures: cpuFeatures() },
  };
  return { ...found, nodeType: NodeType.parse({ ...found.nodeType, system: here }) };
}
