import { CodedError } from '@bluewaters/errors';
import type { KoffiFunc } from 'koffi';
import { callAsync } from '@bluewaters/tensorflow';
import { localPlace } from './hosts.js';
import { mpiLibraries, native, restrainTransport, type Native } from './native.js';
import { DEFAULT_PATIENCE, type Patience } from './patience.js';
import { RankExchange } from './rank-exchange.js';
import type { Facts, GraphTransport, RankGroup } from './rank-group.js';
import type { Launcher, Place } from './world.js';

/** What a failed call had to say. */
const WORDS_BYTES = 1024;

/**
 * The ranks that were started together, over MPI: what their programs tell one another. Tensors travel inside the graph
 * (`RankExchange`). There is one for each process. Every call is a collective: all ranks make the same calls in the same
 * order.
 *
 * From the time that it is open a watchdog runs. When a rank is lost, every other one ends with exit code 76 and one of
 * them names it on stderr: MPI cannot go on without it, and nothing that waits in MPI could be ended otherwise.
 */
export class Communicator implements RankGroup {
  readonly rank: number;
  readonly size: number;
  /** Name of the host of each rank. */
  readonly hosts: readonly string[];
  /** What the MPI library says of itself. */
  readonly library: string;
  readonly #native: Native;

  private constructor(functions: Native) {
    this.#native = functions;
    this.rank = functions.rank();
    this.size = functions.size();
    this.hosts = Array.from({ length: this.size }, (_, rank) => functions.host(rank));
    this.library = functions.version().trim();
  }

  /**
   * Joins the other ranks.
   *
   * @throws {CodedError} MPI_MISSING when no MPI can be opened or it does not bring the ranks together; RANKS_DIFFER when
   * it sees another number of them than were started.
   */
  static async open(place: Place, patience: Partial<Patience> = {}): Promise<Communicator> {
    const functions = native();
    loadMpi(functions, place.launcher);
    const { silence, collective, start } = { ...DEFAULT_PATIENCE, ...patience };
    const words = new Uint8Array(WORDS_BYTES);
    if ((await callAsync(functions.join, silence, collective, start, words, words.length)) !== 0) {
      throw new CodedError('MPI_MISSING', 'The ranks did not come together', {
        details: { expected: 'all ranks started by the launcher of this MPI', got: textOf(words) },
      });
    }
    const communicator = new Communicator(functions);
    communicator.#compare(place);
    return communicator;
  }

  get local(): RankGroup['local'] {
    return localPlace(this.hosts, this.rank);
  }

  get facts(): Facts {
    return { 'MPI library': this.library };
  }

  get graphs(): GraphTransport {
    return {
      device: '',
      exchange: (settings) => new RankExchange({ ...settings, rank: this.rank, worldSize: this.size }),
      // Operations wait in threads for other ranks.
      session: (threads, exchange) => {
        const { mostWaitingThreads: most } = RankExchange;
        const waiting = exchange instanceof RankExchange ? exchange.waitingThreads : most;
        return { intraOpThreads: threads, interOpThreads: threads + waiting };
      },
    };
  }

  /** Seconds so far for which gradients were under way; a rank that comes last to each exchange waits least. */
  get exchanged(): number {
    return this.#native.exchanged();
  }

  /** Resolves once all ranks have come to it. */
  async barrier(): Promise<void> {
    await this.#call(this.#native.barrier);
  }

  /** What one rank has, for all; the others' argument is not looked at. Travels as JSON. */
  async broadcast<Value>(value: Value | undefined, root = 0): Promise<Value> {
    const bytes = encode(this.rank === root ? value : undefined);
    const length = new Int32Array([bytes.length]);
    await this.#call(this.#native.broadcast, new Uint8Array(length.buffer), length.byteLength, root);
    const travelling = this.rank === root ? bytes : new Uint8Array(length[0] ?? 0);
    await this.#call(this.#native.broadcast, travelling, travelling.length, root);
    return decode(travelling) as Value;
  }

  /** What every rank has, in their order. Travels as JSON. */
  async gather<Value>(own: Value): Promise<Value[]> {
    const bytes = encode(own);
    const lengths = new Int32Array(this.size);
    const length = new Uint8Array(new Int32Array([bytes.length]).buffer);
    await this.#call(this.#native.gather, length, length.length, new Uint8Array(lengths.buffer));
    const room = Math.max(...lengths);
    const padded = new Uint8Array(room);
    padded.set(bytes);
    const all = new Uint8Array(room * this.size);
    await this.#call(this.#native.gather, padded, room, all);
    return [...lengths].map((of, rank) => decode(all.subarray(rank * room, rank * room + of)) as Value);
  }

  /** Waits for all ranks, and leaves MPI. */
  async close(): Promise<void> {
    await this.barrier();
    await callAsync(this.#native.close);
  }

  /** Ends this process, and the other ranks with the same exit code, whatever they wait for. Say why before. */
  async end(exitCode: number): Promise<never> {
    await callAsync(this.#native.end, exitCode);
    this.#native.exit(exitCode);
    throw new CodedError('INTERNAL', 'A process went on after its end');
  }

  #compare({ size, launcher }: Place): void {
    if (size === undefined || size === this.size) return;
    throw new CodedError('RANKS_DIFFER', `The MPI library does not see the ranks that ${launcher} started`, {
      details: { field: 'world size', expected: String(size), got: `${this.size} with ${this.library}` },
    });
  }

  async #call<Parameters extends unknown[]>(
    call: KoffiFunc<(...parameters: Parameters) => number>,
    ...parameters: Parameters
  ): Promise<void> {
    if ((await callAsync(call, ...parameters)) === 0) return;
    throw new CodedError('INTERNAL', 'Ranks were spoken to before they had come together, or after they parted');
  }
}

function loadMpi(functions: Native, launcher: Launcher): void {
  restrainTransport();
  const tried: string[] = [];
  for (const library of mpiLibraries(launcher)) {
    const words = new Uint8Array(WORDS_BYTES);
    if (functions.load(library, words, words.length) === 0) return;
    tried.push(textOf(words));
  }
  throw new CodedError(
    'MPI_MISSING',
    'No MPI library can be opened; install one, name it by BLUEWATERS_MPI, or do without: `bluewaters launch --over grpc`',
    {
      details: { expected: mpiLibraries(launcher).join(' or '), got: tried.join('; ') },
    },
  );
}

function textOf(words: Uint8Array): string {
  return Buffer.from(words).toString('utf8').split('\0')[0] ?? '';
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value ?? null));
}

function decode(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString('utf8'));
}
