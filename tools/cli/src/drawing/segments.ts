import type { LayerProfile } from '@bluewaters/models';

/** A layer with its place in a segment. */
export interface PlacedLayer {
  readonly layer: LayerProfile;
  /** From the top, 0 for the first. */
  readonly row: number;
  /** From the left, 0 for the first. */
  readonly lane: number;
}

/** A part of a network that everything enters by one layer and leaves by one: a layer, a residual unit, a module. */
export interface Segment {
  /** What the names of its layers have in common: `block1/unit1`; '' when it is one layer. */
  readonly name: string;
  /** The last of them is the one by which everything leaves. */
  readonly layers: readonly PlacedLayer[];
  /** The lane of what comes in and goes past all layers to the last one, as in a residual unit; else undefined. */
  readonly bypass: number | undefined;
  readonly lanes: number;
}

/** Cuts a network where all its paths meet, and gives each path between two cuts a lane of its own. */
export function segmentsOf(layers: readonly LayerProfile[]): Segment[] {
  const segments: Segment[] = [];
  let start = 0;
  for (const end of meetings(layers)) {
    segments.push(placeSegment(layers.slice(start, end + 1)));
    start = end + 1;
  }
  return segments;
}

/** Indices of the layers that no path goes past. */
function meetings(layers: readonly LayerProfile[]): number[] {
  const readers = furthestReaders(layers);
  let reach = readers.get('images') ?? 0; // the furthest layer that takes something from above
  return layers.flatMap(({ name }, index) => {
    const meeting = reach <= index;
    reach = Math.max(reach, readers.get(name) ?? index);
    return meeting ? [index] : [];
  });
}

/** By name, the index of the last layer that takes an output. */
function furthestReaders(layers: readonly LayerProfile[]): Map<string, number> {
  return new Map(layers.flatMap(({ inputs }, index) => inputs.map((input) => [input, index] as const)));
}

function placeSegment(layers: readonly LayerProfile[]): Segment {
  const last = layers.at(-1)!;
  const within = new Map(layers.map((layer) => [layer.name, layer]));
  const lanes = new Map<string, number>();
  let bypass: number | undefined;
  let next = 0;
  const follow = (name: string): void => {
    let layer = within.get(name);
    if (layer && lanes.has(name)) return;
    if (!layer) bypass = next;
    for (; layer && !lanes.has(layer.name); layer = within.get(layer.inputs[0] ?? '')) lanes.set(layer.name, next);
    next += 1;
  };
  if (layers.length > 1) last.inputs.forEach(follow);
  lanes.set(last.name, 0);
  const rows = rowsOf(layers);
  return {
    name: layers.length === 1 ? '' : commonScope(layers.map(({ name }) => name)),
    layers: layers.map((layer) => ({ layer, row: rows.get(layer.name) ?? 0, lane: lanes.get(layer.name) ?? 0 })),
    bypass,
    lanes: Math.max(1, next),
  };
}

/** The longest way from the top to each layer. */
function rowsOf(layers: readonly LayerProfile[]): Map<string, number> {
  const rows = new Map<string, number>();
  for (const { name, inputs } of layers) {
    rows.set(name, Math.max(0, ...inputs.map((input) => (rows.has(input) ? (rows.get(input) ?? 0) + 1 : 0))));
  }
  return rows;
}

/** `block1/unit1` of `block1/unit1/conv1` and `block1/unit1/sum`. */
function commonScope(names: readonly string[]): string {
  const [first = [], ...others] = names.map((name) => name.split('/').slice(0, -1));
  const shared = first.findIndex((part, index) => others.some((parts) => parts[index] !== part));
  return first.slice(0, shared < 0 ? first.length : shared).join('/');
}
