/** Looks through machine code for instructions that a machine lacks, and for whether the code asks what it has. */
import { extensionOf, type Extension } from './extensions.js';
import { Instruction, LONGEST } from './instruction.js';

/** An instruction that was found. */
export interface FoundInstruction {
  readonly extension: Extension;
  /** Where it is in memory, as a disassembler counts. */
  readonly address: number;
}

/**
 * Tables that lie between functions look like instructions, too, but not for long: of a stretch of instructions that ends
 * with something that is none, or that no compiler writes, only one of this length is believed. In programs of Haskell,
 * whose tables are everywhere, a length of 64 leaves some errors in 90 MB, and one of 128 a single one.
 */
export const LEAST_STRETCH = 256;

/** What is looked at of one section of code, part by part. */
export class CodeScan {
  readonly #lacks: ReadonlySet<Extension>;
  readonly #instruction = new Instruction();
  #first: FoundInstruction | undefined;
  #asks = false;
  /** Of the stretch that is being read: instructions, and what it has. */
  #length = 0;
  #pending: FoundInstruction | undefined;
  #mayAsk = false;
  /** Whether all of the section was one stretch so far. */
  #isWhole = true;

  /** @param lacks What is looked for. */
  constructor(lacks: ReadonlySet<Extension>) {
    this.#lacks = lacks;
  }

  /** The first instruction of an extension that is lacking. */
  get first(): FoundInstruction | undefined {
    return this.#first;
  }

  /** Whether the code asks the processor: by `cpuid`, or the system by `xgetbv`. */
  get asks(): boolean {
    return this.#asks || (this.#mayAsk && this.#length >= LEAST_STRETCH);
  }

  /**
   * Reads a part of a section.
   *
   * @param bytes Begin with an instruction.
   * @param address Of the first, in memory.
   * @param isLast Whether the section ends with them.
   * @returns How many were read: what is left belongs before the next part.
   */
  read(bytes: Uint8Array, address: number, isLast: boolean): number {
    const end = isLast ? bytes.length : bytes.length - LONGEST;
    let at = 0;
    while (at < end) {
      const length = this.#instruction.read(bytes, at);
      if (length === 0 || this.#instruction.isOdd) this.#endStretch(false);
      else this.#take(address + at);
      at += length || 1;
    }
    if (isLast) this.#endSection();
    return at;
  }

  #take(address: number): void {
    this.#length += 1;
    const instruction = this.#instruction;
    if (instruction.map === 0) return;
    if (isQuestion(instruction)) this.#mayAsk = true;
    if (this.#pending !== undefined || (instruction.encoding === 'legacy' && instruction.map === 1)) return;
    const extension = extensionOf(instruction);
    if (extension !== undefined && this.#lacks.has(extension)) this.#pending = { extension, address };
  }

  #endSection(): void {
    this.#endStretch(this.#isWhole);
    this.#isWhole = true;
  }

  #endStretch(isWhole: boolean): void {
    if (isWhole || this.#length >= LEAST_STRETCH) {
      this.#first ??= this.#pending;
      this.#asks ||= this.#mayAsk;
    }
    this.#length = 0;
    this.#pending = undefined;
    this.#mayAsk = false;
    this.#isWhole = false;
  }
}

function isQuestion({ map, opcode, modrm, encoding }: Instruction): boolean {
  return encoding === 'legacy' && map === 1 && (opcode === 0xa2 || (opcode === 0x01 && modrm === 0xd0));
}
