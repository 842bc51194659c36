/** Which extension of x86-64 an instruction is of. Told apart are those that compilers are given options for. */
import { NO_PREFIX, PREFIX_66, PREFIX_F2, type Instruction } from './instruction.js';

/**
 * Extensions that no machine has to have. Those up to SSE4.2, LZCNT and TZCNT, which older processors take for something
 * else, and those that only cryptography uses are not told apart.
 */
export const EXTENSIONS = ['AVX', 'AVX2', 'FMA', 'F16C', 'BMI1', 'BMI2', 'MOVBE', 'FMA4', 'XOP', 'AVX-512'] as const;
/** One of {@link EXTENSIONS}. */
export type Extension = (typeof EXTENSIONS)[number];

/** @returns Undefined for an instruction that every machine has, or that is of none of them. */
export function extensionOf(instruction: Instruction): Extension | undefined {
  switch (instruction.encoding) {
    case 'legacy':
      return isMovbe(instruction) ? 'MOVBE' : undefined;
    case 'evex':
      return 'AVX-512';
    case 'xop':
      // The second half of this map is XOP's; others are of extensions that the same processors have.
      return instruction.map === 8 || (instruction.map === 9 && instruction.opcode >= 0x80) ? 'XOP' : undefined;
    case 'vex':
      return ofVex(instruction);
  }
}

function isMovbe({ map, opcode, prefix, isOfRegisters }: Instruction): boolean {
  // With F2 it is SSE4.2's CRC.
  return map === 2 && (opcode === 0xf0 || opcode === 0xf1) && prefix !== PREFIX_F2 && !isOfRegisters;
}

function ofVex(instruction: Instruction): Extension {
  if (instruction.map === 1) return ofFirstMap(instruction);
  return instruction.map === 2 ? ofSecondMap(instruction) : ofThirdMap(instruction);
}

/** Integers of 256 bits came with AVX2; of 128 bits, and floating point, with AVX. */
const INTEGERS = {
  1: setOf([0x60, 0x6d], [0x70, 0x76], [0xd1, 0xd5], [0xd7, 0xe5], [0xe8, 0xef], [0xf1, 0xf6], [0xf8, 0xfe]),
  2: setOf([0x00, 0x0b], [0x16], [0x1c, 0x1e], [0x20, 0x25], [0x28, 0x2b], [0x30, 0x40]),
  3: setOf([0x00, 0x01], [0x0e, 0x0f], [0x38, 0x39], [0x42], [0x46], [0x4c]),
} as const;
/** Of the second map, new with AVX2 in any length: shifts, broadcasts, masked moves, gathers. */
const NEW_WITH_AVX2 = setOf([0x45, 0x47], [0x58, 0x5a], [0x78, 0x79], [0x8c], [0x8e], [0x90, 0x93]);
/** Of the second map. */
const FMA = setOf([0x96, 0x9f], [0xa6, 0xaf], [0xb6, 0xbf]);
/** Of the third. */
const FMA4 = setOf([0x5c, 0x5f], [0x68, 0x6f], [0x78, 0x7f]);
/** On registers of masks, encoded by VEX. */
const MASKS = {
  1: setOf([0x41, 0x42], [0x44, 0x47], [0x4a, 0x4b], [0x90, 0x93], [0x98, 0x99]),
  3: setOf([0x30, 0x33]),
};

function ofFirstMap({ opcode, prefix, isWide }: Instruction): Extension {
  if (MASKS[1][opcode] === 1) return 'AVX-512';
  const isInteger = prefix === PREFIX_66 || (opcode === 0x70 && prefix !== NO_PREFIX);
  return isWide && isInteger && INTEGERS[1][opcode] === 1 ? 'AVX2' : 'AVX';
}

function ofSecondMap(instruction: Instruction): Extension {
  const { opcode, prefix, isWide, isOfRegisters } = instruction;
  if (opcode >= 0xf2 && opcode <= 0xf7) return ofBits(instruction);
  if (prefix !== PREFIX_66) return 'AVX';
  if (FMA[opcode] === 1) return 'FMA';
  if (opcode === 0x13) return 'F16C';
  // Broadcasts of what lies in memory came with AVX.
  const isBroadcast = (opcode === 0x18 || opcode === 0x19) && isOfRegisters;
  return isBroadcast || NEW_WITH_AVX2[opcode] === 1 || (isWide && INTEGERS[2][opcode] === 1) ? 'AVX2' : 'AVX';
}

/** On general registers. */
function ofBits({ opcode, prefix }: Instruction): Extension {
  if (opcode === 0xf2 || opcode === 0xf3) return 'BMI1';
  return opcode === 0xf7 && prefix === NO_PREFIX ? 'BMI1' : 'BMI2';
}

function ofThirdMap({ opcode, prefix, isWide }: Instruction): Extension {
  if (opcode === 0xf0 && prefix === PREFIX_F2) return 'BMI2';
  if (prefix !== PREFIX_66) return 'AVX';
  if (MASKS[3][opcode] === 1) return 'AVX-512';
  if (FMA4[opcode] === 1) return 'FMA4';
  if (opcode === 0x1d) return 'F16C';
  return opcode === 0x02 || (isWide && INTEGERS[3][opcode] === 1) ? 'AVX2' : 'AVX';
}

/** A table of opcodes, with 1 for each in some ranges. */
function setOf(...ranges: readonly (readonly [first: number, last?: number])[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const [first, last = first] of ranges) table.fill(1, first, last + 1);
  return table;
}
