/**
 * What a baseline JPEG says before its one scan, as far as reading the scan's codes needs it (ITU-T T.81, annexes B and
 * C). Whoever reads here only wants what is beyond doubt: everything unusual, though a decoder might take it, is
 * undefined, and is left to a decoder.
 */

/** How many bits of a code are looked up at once; longer ones are rare. */
export const LOOKUP_BITS = 10;
const LONGEST_CODE = 16;
/** Of all components, in a minimum coded unit. */
const MOST_BLOCKS = 10;

/** What {@link CodeTable} adds to the number of coefficients where a block ends. */
export const END_OF_BLOCK = 128;

/**
 * The Huffman codes of one table. What stands for a code is `bits * 256 + coefficients`: so many bits of code and value to
 * step over, and so many coefficients that they are; 0 for none.
 */
export interface CodeTable {
  /** By the next {@link LOOKUP_BITS}; 0 where a code is longer, or none. */
  readonly short: Uint16Array;
  /** The same, but two codes as one where both, with their values, are among the bits; none for DC, which are alone. */
  readonly pairs: Uint16Array;
  /** By the length of a code, what its first ones are below: codes of that length, put at the left of 16 bits. */
  readonly below: Int32Array;
  /** By the length of a code, what to add to a code of that length to find it in `symbols`. */
  readonly base: Int32Array;
  /** In the order of the codes. */
  readonly symbols: Uint16Array;
}

/** A component in the scan. */
export interface ScanComponent {
  /** In each minimum coded unit. */
  readonly blocks: number;
  readonly dc: CodeTable;
  readonly ac: CodeTable;
}

/** The one scan of a baseline JPEG. */
export interface BaselineScan {
  readonly components: readonly ScanComponent[];
  /** Minimum coded units in the picture. */
  readonly units: number;
  /** Units between two restart markers; 0 for none. */
  readonly restartInterval: number;
  /** Bytes from the start of the file to the first code. */
  readonly at: number;
}

interface FrameComponent {
  readonly id: number;
  readonly across: number;
  readonly down: number;
  readonly quantiser: number;
}

/** What the segments said so far. */
interface Said {
  width: number;
  height: number;
  components: FrameComponent[];
  restartInterval: number;
  readonly codes: Map<number, CodeTable>;
  readonly quantisers: Set<number>;
}

/** Takes a segment's content; false for what is left to a decoder. */
type Taker = (content: Buffer, said: Said) => boolean;

const SOS = 0xda;
const TAKERS: Readonly<Record<number, Taker>> = {
  0xc0: takeFrame,
  0xc1: takeFrame,
  0xc4: takeCodes,
  0xdb: takeQuantisers,
  0xdd: takeRestartInterval,
  0xe0: takeJfif,
  0xee: takeAdobe,
  0xfe: () => true,
};

/** Most writers use the codes of the standard's annex K: their tables, or those of other segments, are made once. */
const KNOWN_CODES = new Map<string, ReadonlyMap<number, CodeTable>>();
/** Some 16 kB each. */
const MOST_KNOWN = 64;

/**
 * Reads the segments before the scan. `bytes` must start as a JPEG file does.
 *
 * @returns Undefined for all but a picture of 8 bits with one scan of one or three components, whose tables are all there.
 */
export function readBaselineTables(bytes: Buffer): BaselineScan | undefined {
  const said: Said = {
    width: 0,
    height: 0,
    components: [],
    restartInterval: 0,
    codes: new Map(),
    quantisers: new Set(),
  };
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
    const code = bytes[at + 1]!;
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end < at + 4 || end > bytes.length) return undefined;
    const content = bytes.subarray(at + 4, end);
    if (code === SOS) return scanOf(content, said, end);
    const isApplication = code >= 0xe1 && code <= 0xef && code !== 0xee;
    if (!isApplication && TAKERS[code]?.(content, said) !== true) return undefined;
    at = end;
  }
  return undefined;
}

function takeFrame(content: Buffer, said: Said): boolean {
  const count = content[5];
  if (said.components.length > 0 || (count !== 1 && count !== 3)) return false;
  if (content.length !== 6 + 3 * count || content[0] !== 8) return false;
  said.height = content.readUInt16BE(1);
  said.width = content.readUInt16BE(3);
  for (let at = 6; at < content.length; at += 3) {
    const [id = 0, sampling = 0, quantiser = 0] = content.subarray(at);
    said.components.push({ id, across: sampling >> 4, down: sampling & 15, quantiser });
  }
  return said.width > 0 && said.height > 0;
}

function takeQuantisers(content: Buffer, said: Said): boolean {
  let at = 0;
  while (at < content.length) {
    const which = content[at]!;
    if (which >> 4 > 1 || (which & 15) > 3) return false;
    said.quantisers.add(which & 15);
    at += 1 + 64 * ((which >> 4) + 1);
  }
  return at === content.length;
}

function takeRestartInterval(content: Buffer, said: Said): boolean {
  if (content.length !== 2) return false;
  said.restartInterval = content.readUInt16BE(0);
  return true;
}

/** Decoders warn of another major version than 1. */
function takeJfif(content: Buffer): boolean {
  const isJfif = content.toString('latin1', 0, 5) === 'JFIF\0';
  return !isJfif || content[5] === 1;
}

/** Decoders warn of transforms that they do not know. */
function takeAdobe(content: Buffer): boolean {
  const isAdobe = content.toString('latin1', 0, 5) === 'Adobe';
  return !isAdobe || (content.length >= 12 && content[11]! <= 1);
}

function takeCodes(content: Buffer, said: Said): boolean {
  const key = content.toString('latin1');
  const tables = KNOWN_CODES.get(key) ?? readCodes(content);
  if (tables === undefined) return false;
  if (KNOWN_CODES.size >= MOST_KNOWN) KNOWN_CODES.clear();
  KNOWN_CODES.set(key, tables);
  for (const [which, table] of tables) said.codes.set(which, table);
  return true;
}

/** @returns By class and number, as a segment has them; undefined where it is not whole. */
function readCodes(content: Buffer): ReadonlyMap<number, CodeTable> | undefined {
  const tables = new Map<number, CodeTable>();
  let at = 0;
  while (at + 1 + LONGEST_CODE <= content.length) {
    const which = content[at]!;
    const lengths = content.subarray(at + 1, at + 1 + LONGEST_CODE);
    at += 1 + LONGEST_CODE;
    const count = lengths.reduce((sum, each) => sum + each, 0);
    const symbols = content.subarray(at, at + count);
    at += count;
    if (which >> 4 > 1 || (which & 15) > 3 || symbols.length < count) return undefined;
    const table = tableOf(lengths, symbols, which >> 4 === 0);
    if (table === undefined) return undefined;
    tables.set(which, table);
  }
  return at === content.length ? tables : undefined;
}

/** @returns Undefined where there are more codes than fit, or a value of DC that nobody writes. */
function tableOf(lengths: Uint8Array, values: Uint8Array, isDc: boolean): CodeTable | undefined {
  const short = new Uint16Array(1 << LOOKUP_BITS);
  const [below, base] = [new Int32Array(LONGEST_CODE + 1), new Int32Array(LONGEST_CODE + 1)];
  const symbols = new Uint16Array(values.length);
  let code = 0;
  let next = 0;
  for (let length = 1; length <= LONGEST_CODE; length++, code <<= 1) {
    base[length] = next - code;
    for (const last = next + lengths[length - 1]!; next < last; next++, code++) {
      const value = values[next]!;
      if (code >= 1 << length || (isDc && value > 15)) return undefined;
      symbols[next] = (length + (value & 15)) * 256 + coefficientsOf(value, isDc);
      if (length > LOOKUP_BITS) continue;
      const from = code << (LOOKUP_BITS - length);
      short.fill(symbols[next]!, from, from + (1 << (LOOKUP_BITS - length)));
    }
    below[length] = code << (LONGEST_CODE - length);
  }
  return { short, pairs: isDc ? short : pairsOf(short), below, base, symbols };
}

function pairsOf(short: Uint16Array): Uint16Array {
  const mask = short.length - 1;
  return short.map((first, bits) => {
    const taken = first >> 8;
    // Behind the end of a block comes a code of another table.
    if (first === 0 || taken >= LOOKUP_BITS || (first & END_OF_BLOCK) !== 0) return first;
    const second = short[(bits << taken) & mask]!;
    return second !== 0 && taken + (second >> 8) <= LOOKUP_BITS ? first + second : first;
  });
}

/** A value of AC is how many zeros come before a coefficient, and the bits of that; 0 bits are 16 zeros, or the end. */
function coefficientsOf(value: number, isDc: boolean): number {
  const zeros = value >> 4;
  if (isDc || (value & 15) > 0 || zeros === 15) return isDc ? 1 : zeros + 1;
  return END_OF_BLOCK;
}

/** @param at Where the codes begin. */
function scanOf(header: Buffer, said: Said, at: number): BaselineScan | undefined {
  const { components, width, height, restartInterval } = said;
  const count = components.length;
  if (count === 0 || header[0] !== count || header.length !== 4 + 2 * count) return undefined;
  const isWhole = header[1 + 2 * count] === 0 && header[2 + 2 * count] === 63 && header[3 + 2 * count] === 0;
  const across = Math.max(...components.map((each) => each.across));
  const down = Math.max(...components.map((each) => each.down));
  if (!isWhole || !components.every((each) => isUsual(each, across, down, said))) return undefined;
  // One component alone is not interleaved: its blocks come one by one, whatever its sampling says.
  const interleaved = count > 1;
  const inScan = components.map((each, i) => componentOf(each, header.subarray(1 + 2 * i), { said, interleaved }));
  const found = inScan.filter((each) => each !== undefined);
  const blocks = found.reduce((sum, each) => sum + each.blocks, 0);
  if (found.length < count || blocks > MOST_BLOCKS) return undefined;
  const [wide, high] = interleaved ? [8 * across, 8 * down] : [8, 8];
  const units = Math.ceil(width / wide) * Math.ceil(height / high);
  return { components: found, units, restartInterval, at };
}

function isUsual({ across, down, quantiser }: FrameComponent, most: number, deepest: number, said: Said): boolean {
  const divides = most <= 4 && deepest <= 4 && most % across === 0 && deepest % down === 0;
  return across > 0 && down > 0 && divides && said.quantisers.has(quantiser);
}

/** @param header Of the scan, from this component on. */
function componentOf(
  component: FrameComponent,
  header: Buffer,
  { said, interleaved }: { readonly said: Said; readonly interleaved: boolean },
): ScanComponent | undefined {
  const tables = header[1]!;
  const dc = said.codes.get(tables >> 4);
  const ac = said.codes.get(0x10 | (tables & 15));
  if (header[0] !== component.id || dc === undefined || ac === undefined) return undefined;
  return { blocks: interleaved ? component.across * component.down : 1, dc, ac };
}
