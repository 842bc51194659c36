/**
 * What follows each opcode of x86-64, which is all that the length of an instruction depends on.
 *
 * @see Intel's Software Developer's Manual, volume 2, appendix A, and for XOP AMD's, volume 6.
 */

/** What follows an opcode is a sum of numbers. This one: a byte that says which registers, or which address. */
export const MODRM = 1;
/** One byte of a number. */
export const BYTE = 2;
/** Two bytes. */
export const WORD = 4;
/** Four bytes, or two with the prefix for operands of 16 bits. */
export const OPERAND = 8;
/** Four bytes, always. */
export const LONG = 16;
/** Eight bytes with REX.W, which only one family of moves takes. */
export const WHOLE = 32;
/** An address. */
export const ADDRESS = 64;
/** Whether an operand follows is said by the ModRM byte. */
export const GROUP_3 = 128;
/** There is no such instruction in 64-bit mode. */
export const INVALID = 256;
/** The opcode is still to come. */
export const PREFIX = 512;
/** Leads to another table, or to an encoding of its own. */
export const ESCAPE = 1024;
/** No compiler writes it in a program: ports, privileged registers, far returns, and `add %al,(%rax)`, which is zeros. */
export const ODD = 2048;

const LETTERS: Readonly<Record<string, number>> = {
  ...{ '.': 0, m: MODRM, b: BYTE, w: WORD, z: OPERAND, l: LONG, v: OPERAND + WHOLE, a: ADDRESS + ODD },
  ...{ M: MODRM + BYTE, Z: MODRM + OPERAND, g: MODRM + GROUP_3 },
  ...{ o: ODD, O: MODRM + ODD, B: BYTE + ODD, W: WORD + ODD, e: WORD + BYTE + ODD },
  ...{ x: INVALID, p: PREFIX, '!': ESCAPE },
};

/** Sixteen rows of sixteen letters, a row for each high half of an opcode. */
function tableOf(rows: string): Uint16Array {
  return Uint16Array.from(rows.replace(/\s/gu, ''), (letter) => LETTERS[letter] ?? INVALID);
}

/** Opcodes of one byte. The prefixes REX are prefixes as all others; `62`, `8f`, `c4` and `c5` begin other encodings. */
export const ONE_BYTE = tableOf(`
  mmmmbzxxmmmmbzx!  mmmmbzxxmmmmbzxx  mmmmbzpxmmmmbzpx  mmmmbzpxmmmmbzpx
  pppppppppppppppp  ................  xx!mppppzZbMoooo  bbbbbbbbbbbbbbbb
  MZxMmmmmmmmmmmm!  ..........x.....  aaaa....bz......  bbbbbbbbvvvvvvvv
  MMw.!!MZe.Wo.bxo  mmmmxxxommmmmmmm  bbbbBBBBllxboooo  popp..gg..oo..mm`);

/** After `0f`. */
export const TWO_BYTE = tableOf(`
  mmmmx.o.oox.xm.M  mmmmmmmmmmmmmmmm  OOOOxxxxmmmmmmmm  o.ooo.x.!x!xxxxx
  mmmmmmmmmmmmmmmm  mmmmmmmmmmmmmmmm  mmmmmmmmmmmmmmmm  MMMMmmm.mmxxmmmm
  llllllllllllllll  mmmmmmmmmmmmmmmm  ...mMmxx...mMmmm  mmOmOOmmmmMmmmmm
  mmMmMMMm........  mmmmmmmmmmmmmmmm  mmmmmmmmmmmmmmmm  mmmmmmmmmmmmmmmm`);
