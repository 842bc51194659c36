import { CodedError } from '@bluewaters/errors';
import { z } from 'zod';
import { findNodes } from '../machines/find-machine.js';
import { Figures } from '../machines/machine.js';

/** What a plan is made for: some nodes that are alike, and their figures. */
export const PlannedNodes = Figures.extend({
  nodes: z.int().positive(),
  /** Of each; without, there are enough for all that its ranks do. */
  cores: z.int().positive().default(Infinity),
});
/** See {@link PlannedNodes:variable}. */
export type PlannedNodes = z.infer<typeof PlannedNodes>;

/**
 * Nodes to plan for, by a name that `findNodes` knows.
 * @throws {CodedError} As `findNodes`; CONFIG_INVALID for nodes without figures.
 */
export async function planFor(name: string): Promise<{ name: string; description: string; nodes: PlannedNodes }> {
  const found = await findNodes(name);
  const { nodes, cores, figures, description } = found.nodeType;
  if (figures === undefined) {
    throw new CodedError('CONFIG_INVALID', 'Nobody has written down how fast these nodes are', {
      details: { field: 'machine', expected: 'nodes with figures in the file of their machine', got: name },
    });
  }
  return {
    name: found.name,
    description: `${found.machine.description}: ${description}`,
    nodes: { nodes, cores, ...figures },
  };
}
