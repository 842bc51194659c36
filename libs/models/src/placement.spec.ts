import { Graph } from '@bluewaters/tensorflow';
import { describe, expect, it } from 'vitest';
import { listNetworks, spreadBySize, VariableStore, type Network } from './index.js';

const DEVICES = ['/job:ps/task:0', '/job:ps/task:1', '/job:ps/task:2', '/job:ps/task:3'];

/** The bytes that a network puts on each device. */
function loadsOf(network: Network): { readonly loads: Map<string, number>; readonly largest: number } {
  using graph = new Graph();
  const root = graph.scope();
  const variables = new VariableStore(root, 1, spreadBySize(DEVICES));
  const { imageSize, channels } = network.input;
  network.build({ scope: root, variables }, root.placeholder('float32', [1, imageSize, imageSize, channels]), 1001);
  const loads = new Map<string, number>();
  const sizes = variables.variables.map(({ shape, handle }) => {
    const bytes = shape.reduce((product, length) => product * length, 4);
    loads.set(handle.operation.device, (loads.get(handle.operation.device) ?? 0) + bytes);
    return bytes;
  });
  return { loads, largest: Math.max(...sizes) };
}

describe('variables on parameter servers', () => {
  it('go one after the other to the server with the fewest bytes', () => {
    const placement = spreadBySize(['a', 'b', 'c']);
    expect([5, 3, 1, 1, 1, 4].map((bytes) => placement.deviceFor(bytes))).toEqual(['a', 'b', 'c', 'c', 'c', 'b']);
  });

  it('of every network are as even as the largest of them allows', () => {
    for (const network of listNetworks()) {
      const { loads, largest } = loadsOf(network);
      const total = [...loads.values()].reduce((sum, bytes) => sum + bytes, 0);
      expect(Math.max(...loads.values()), network.name).toBeLessThanOrEqual(total / DEVICES.length + largest);
      expect([...loads.keys()].sort()).toEqual(DEVICES);
    }
  });
});
