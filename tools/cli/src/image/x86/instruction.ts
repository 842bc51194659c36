/** Instructions of x86-64 as far as is needed to find the next one, and to know which extension one is of. */
import {
  ADDRESS,
  BYTE,
  ESCAPE,
  GROUP_3,
  INVALID,
  LONG,
  MODRM,
  ODD,
  ONE_BYTE,
  OPERAND,
  PREFIX,
  TWO_BYTE,
  WHOLE,
  WORD,
} from './opcodes.js';

/** How an instruction is encoded. */
export type Encoding = 'legacy' | 'vex' | 'evex' | 'xop';

/** The processor refuses longer ones. */
export const LONGEST = 15;
/** Two bits of VEX, EVEX and XOP, which stand for a prefix. */
export const [NO_PREFIX, PREFIX_66, PREFIX_F3, PREFIX_F2] = [0, 1, 2, 3] as const;

/**
 * Reads one instruction after the other. Its fields are those of the one that was read last: there are too many of them
 * to make an object for each.
 */
export class Instruction {
  encoding: Encoding = 'legacy';
  /** Of opcodes: 0 for those of one byte, 1 for those after `0f`, 2 and 3 for those after `0f38` and `0f3a`; more by EVEX. */
  map = 0;
  opcode = 0;
  /** {@link NO_PREFIX} and the others. */
  prefix = 0;
  /** Whether it is of 256 bits, or by EVEX of more. */
  isWide = false;
  modrm = 0;
  /** Whether a compiler would hardly have written it. */
  isOdd = false;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #is16 = false;
  #is32 = false;
  #rex = 0;

  /** @returns How many bytes it has; 0 where there is none. Bytes beyond the end count as zeros. */
  read(bytes: Uint8Array, start: number): number {
    this.#bytes = bytes;
    this.#at = start;
    this.encoding = 'legacy';
    this.opcode = this.#prefixes();
    this.map = 0;
    const flags = ONE_BYTE[this.opcode]!;
    const follows = flags === ESCAPE ? this.#escape() : flags;
    if ((follows & INVALID) !== 0) return 0;
    this.#operands(follows);
    this.isOdd = (follows & ODD) !== 0 || (this.map === 0 && this.opcode === 0 && this.modrm === 0);
    const length = this.#at - start;
    return length > LONGEST ? 0 : length;
  }

  /** Whether the ModRM byte names a register, not memory. */
  get isOfRegisters(): boolean {
    return this.modrm >= 0xc0;
  }

  #next(): number {
    const byte = this.#bytes[this.#at] ?? 0;
    this.#at += 1;
    return byte;
  }

  /** @returns The first byte that is no prefix. */
  #prefixes(): number {
    this.#is16 = this.#is32 = false;
    this.#rex = 0;
    this.prefix = NO_PREFIX;
    for (let left = LONGEST; ; left -= 1) {
      const byte = this.#next();
      if (ONE_BYTE[byte] !== PREFIX || left === 0) return byte;
      if (byte === 0x66) this.#is16 = true;
      else if (byte === 0x67) this.#is32 = true;
      else if (byte === 0xf2) this.prefix = PREFIX_F2;
      else if (byte === 0xf3) this.prefix = PREFIX_F3;
      // Counts only right before the opcode.
      this.#rex = (byte & 0xf0) === 0x40 ? byte : 0;
    }
  }

  /** @returns What follows the opcode. */
  #escape(): number {
    if (this.opcode === 0x0f) return this.#twoBytes();
    if (this.opcode === 0x8f && ((this.#bytes[this.#at] ?? 0) & 0x1f) < 8) return this.#pop();
    // The others carry these prefixes in themselves.
    if (this.#is16 || this.prefix !== NO_PREFIX || this.#rex !== 0) return INVALID;
    if (this.opcode === 0x62) return this.#evex();
    return this.opcode === 0xc5 ? this.#shortVex() : this.#longVex();
  }

  #twoBytes(): number {
    if (this.#is16 && this.prefix === NO_PREFIX) this.prefix = PREFIX_66;
    this.opcode = this.#next();
    this.map = 1;
    const flags = TWO_BYTE[this.opcode]!;
    if (flags === ESCAPE) {
      this.map = this.opcode === 0x38 ? 2 : 3;
      this.opcode = this.#next();
      return this.map === 2 ? MODRM : MODRM + BYTE;
    }
    // SSE4a's extraction and insertion of bits take two bytes more.
    const isSse4a = this.opcode === 0x78 && (this.prefix === PREFIX_66 || this.prefix === PREFIX_F2);
    return isSse4a ? MODRM + WORD : flags;
  }

  /** The only instruction that XOP left where it was: there, the next byte is a ModRM byte of this form. */
  #pop(): number {
    return ((this.#bytes[this.#at] ?? 0) & 0x38) === 0 ? MODRM : INVALID;
  }

  #shortVex(): number {
    this.encoding = 'vex';
    this.map = 1;
    this.#lengthAndPrefix(this.#next());
    return this.#ofVector();
  }

  #longVex(): number {
    this.encoding = this.opcode === 0x8f ? 'xop' : 'vex';
    this.map = this.#next() & 0x1f;
    this.#lengthAndPrefix(this.#next());
    return this.#ofVector();
  }

  #lengthAndPrefix(byte: number): void {
    this.isWide = (byte & 4) !== 0;
    this.prefix = byte & 3;
  }

  #evex(): number {
    this.encoding = 'evex';
    const [maps, prefix, length] = [this.#next(), this.#next(), this.#next()];
    // Bits that are fixed. Map 4 has other instructions, which nothing has that is sold.
    if ((maps & 8) !== 0 || (prefix & 4) === 0 || (maps & 7) === 4 || (maps & 7) === 7) return INVALID;
    this.map = maps & 7;
    this.prefix = prefix & 3;
    this.isWide = (length & 0x60) !== 0;
    return this.#ofVector();
  }

  /** @returns What follows the opcode of VEX, EVEX or XOP, whose maps 1 to 3 are those of older instructions. */
  #ofVector(): number {
    this.opcode = this.#next();
    if (this.encoding === 'xop') return (this.prefix === NO_PREFIX && XOP_MAPS[this.map]) || INVALID;
    if (this.map === 1) return this.#ofFirstMap();
    if (this.map === 3) return MODRM + BYTE;
    const isKnown = this.map === 2 || (this.encoding === 'evex' && this.map > 4);
    return isKnown ? MODRM : INVALID;
  }

  #ofFirstMap(): number {
    const { opcode, encoding } = this;
    if (opcode === 0x77) return encoding === 'vex' ? 0 : INVALID;
    // Conversions, where older instructions have others.
    if (opcode >= 0x78 && opcode <= 0x7b) return encoding === 'evex' ? MODRM : INVALID;
    const flags = TWO_BYTE[opcode]!;
    return (flags & MODRM) !== 0 ? flags & (MODRM | BYTE) : INVALID;
  }

  #operands(follows: number): void {
    this.modrm = 0;
    const flags = (follows & MODRM) !== 0 ? this.#addressing(follows) : follows;
    if ((flags & BYTE) !== 0) this.#at += 1;
    if ((flags & WORD) !== 0) this.#at += 2;
    if ((flags & LONG) !== 0) this.#at += 4;
    if ((flags & OPERAND) !== 0) this.#at += this.#operandBytes((flags & WHOLE) !== 0);
    if ((flags & ADDRESS) !== 0) this.#at += this.#is32 ? 4 : 8;
  }

  #operandBytes(canBeWhole: boolean): number {
    if ((this.#rex & 8) !== 0) return canBeWhole ? 8 : 4;
    return this.#is16 ? 2 : 4;
  }

  /** @returns What is left to follow. */
  #addressing(follows: number): number {
    const modrm = this.#next();
    this.modrm = modrm;
    const [mode, register] = [modrm >> 6, modrm & 7];
    if (mode !== 3) {
      const base = register === 4 ? this.#next() & 7 : register;
      if (mode === 1) this.#at += 1;
      else if (mode === 2 || base === 5) this.#at += 4;
    }
    // `test`, whose relatives of the same opcode take nothing more.
    if ((follows & GROUP_3) === 0 || (modrm & 0x38) > 8) return follows;
    return this.opcode === 0xf6 ? follows | BYTE : follows | OPERAND;
  }
}

/** What follows in each map of XOP. */
const XOP_MAPS: Readonly<Record<number, number>> = { 8: MODRM + BYTE, 9: MODRM, 10: MODRM + LONG };
