import { networkByName, profileNetwork, type NetworkProfile } from '@bluewaters/models';
import { describe, expect, it } from 'vitest';
import { drawNetwork } from './draw-network.js';

/** With units that have shortcuts, with modules that have branches that fork, and neither. */
const NETWORKS = ['resnet-50-v2', 'inception-v3', 'vgg-16'];

interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What stands in a drawing: boxes with the names that people read in them, and lines with their corners. */
function read(svg: string) {
  const boxes = [...svg.matchAll(/<g><title>([^:]*):.*?x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/gu)].map(
    ([, name = '', ...sides]) => {
      const [x = 0, y = 0, width = 0, height = 0] = sides.map(Number);
      return { name, left: x, top: y, right: x + width, bottom: y + height };
    },
  );
  const lines = [...svg.matchAll(/<path class="(edge|way)" d="M([^"]*)"/gu)].map(([, style = '', corners = '']) => ({
    style,
    corners: corners.split('L').map((corner) => corner.split(' ').map(Number) as [number, number]),
  }));
  const [, width = 0, height = 0] = (/width="([\d.]+)" height="([\d.]+)"/u.exec(svg) ?? []).map(Number);
  return { boxes, lines, width, height };
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

describe.each(NETWORKS)('the drawing of %s', (network) => {
  const profile: NetworkProfile = profileNetwork(networkByName(network));
  const { boxes, lines, width, height } = read(drawNetwork(profile));

  it('has a box for each layer, and no two overlap', () => {
    expect(boxes.map(({ name }) => name)).toEqual(profile.layers.map(({ name }) => name));
    const clashes = boxes.flatMap((a, i) =>
      boxes.slice(i + 1).flatMap((b) => (overlap(a, b) ? [[a.name, b.name]] : [])),
    );
    expect(clashes).toEqual([]);
  });

  it('has an arrow for each output that a layer takes from another', () => {
    const taken = profile.layers.flatMap(({ inputs }) => inputs.filter((input) => input !== 'images'));
    expect(lines.filter(({ style }) => style === 'edge')).toHaveLength(taken.length);
  });

  it('leads no line through a box', () => {
    const crossings = lines.flatMap(({ corners }) =>
      corners.slice(1).flatMap(([x, y], index) => {
        const [fromX, fromY] = corners[index]!;
        const line = {
          left: Math.min(x, fromX),
          right: Math.max(x, fromX),
          top: Math.min(y, fromY),
          bottom: Math.max(y, fromY),
        };
        return boxes.filter((box) => overlap(line, box)).map(({ name }) => name);
      }),
    );
    expect(crossings).toEqual([]);
  });

  it('is about as wide as a page lying on its side, and nothing stands outside', () => {
    expect(width / height).toBeGreaterThan(0.2);
    expect(width / height).toBeLessThan(3);
    expect(Math.max(...boxes.map(({ right }) => right))).toBeLessThan(width);
    expect(Math.max(...boxes.map(({ bottom }) => bottom))).toBeLessThan(height);
  });
});
