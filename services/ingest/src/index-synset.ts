import { CodedError } from '@bluewaters/errors';
import type { IndexedExample } from '@bluewaters/records';
import type { SourceFile } from '@bluewaters/storage';
import type { IndexContext } from './context.js';
import { examine, type ExamineContext, type LoadedMember } from './examine.js';
import { inOrder } from '@bluewaters/service';
import { isDesktopLitter, safeBaseName, synsetOfMember } from './names.js';
import { describe, type SynsetTar } from './plan.js';
import { ReadAhead } from './read-ahead.js';
import { asRefusal, refuse, type Refusal } from './refusal.js';
import { walkTar, type TarMember } from './tar-walk.js';

const WINDOW_BYTES = 1024 * 1024;
/** Only pictures that need libvips leave JavaScript's thread; this many may be on their way unless it is said. */
const IN_FLIGHT = 8;

/** What becomes of one member. */
export type Outcome =
  | { readonly kind: 'example'; readonly example: IndexedExample }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** The same member once more, byte for byte. */
  | { readonly kind: 'repeated' };

/** What a member is by itself. */
export type Looked =
  | { readonly kind: 'example'; readonly example: IndexedExample; readonly file: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What indexing a synset needs beside its tars. */
export interface SynsetContext extends ExamineContext {
  readonly source: SourceFile;
  readonly signal: AbortSignal;
  readonly picturesAtATime?: IndexContext['picturesAtATime'];
  /** Says which members are wanted; all, where it is left out. */
  readonly takes?: ((name: string, synset: string) => boolean) | undefined;
  /** Told, after each member, by how many bytes of the archive it took the work further. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * Looks at every member of a synset's tars, in archive order. Where a tar cannot be read on, what came before is kept, and
 * a refusal names the offset.
 *
 * @throws {CodedError} INTERRUPTED by the signal; what the source and store throw.
 */
export async function* lookAt(tars: readonly SynsetTar[], context: SynsetContext): AsyncGenerator<Looked> {
  const members = loadMembers(tars, context);
  const { picturesAtATime = IN_FLIGHT } = context;
  yield* inOrder(members, picturesAtATime, (member) => lookAtMember(member, context));
}

/** What becomes of the members of a synset, by what each of them is and by what came before it. */
export async function* settle(looked: AsyncIterable<Looked>): AsyncGenerator<Outcome> {
  const seen = new Map<string, string>();
  for await (const each of looked) {
    yield each.kind === 'example' ? settleName(each.example, each.file, seen) : each;
  }
}

/** Either a member with its bytes, or why it has none. */
type Loaded = LoadedMember | Refusal;

async function* loadMembers(tars: readonly SynsetTar[], context: SynsetContext): AsyncGenerator<Loaded> {
  for (const tar of tars) {
    try {
      yield* loadTar(tar, context);
    } catch (error) {
      // Nobody can tell what would have come after; what came before is sound.
      yield asRefusal(error);
    }
  }
}

async function* loadTar(tar: SynsetTar, context: SynsetContext): AsyncGenerator<Loaded> {
  if (tar.picture !== undefined) {
    yield* loadPicture(tar, tar.picture, context);
    return;
  }
  const ahead = new ReadAhead(context.source, tar, WINDOW_BYTES);
  const read = (offset: number, length: number): Promise<Buffer> => ahead.read(offset, length);
  let done = tar.start;
  for await (const member of walkTar({ ...tar, read })) {
    if (context.signal.aborted) throw new CodedError('INTERRUPTED', `Indexing ${tar.synset} was stopped`);
    if (member.cut) continue;
    const loaded = await load(member, tar, context, read);
    if (loaded) yield loaded;
    context.onBytes(member.offset + member.size - done);
    done = member.offset + member.size;
  }
  context.onBytes(tar.end - done);
}

async function* loadPicture(place: SynsetTar, name: string, context: SynsetContext): AsyncGenerator<Loaded> {
  if (context.signal.aborted) throw new CodedError('INTERRUPTED', `Indexing ${place.synset} was stopped`);
  const member: TarMember = { kind: 'file', name, offset: place.start, size: place.end - place.start };
  const folder = place.file.slice(0, place.file.lastIndexOf('/'));
  const read = async (offset: number, length: number): Promise<Buffer> =>
    Buffer.from(await context.source.read({ offset, length }));
  const loaded = await load(member, { ...place, file: folder }, context, read);
  if (loaded) yield loaded;
  context.onBytes(member.size);
}

async function load(
  member: TarMember,
  tar: SynsetTar,
  { limits, takes }: SynsetContext,
  read: (offset: number, length: number) => Promise<Buffer>,
): Promise<Loaded | undefined> {
  const { kind, offset, size } = member;
  const name = safeBaseName(member.name);
  const file = `${tar.file}/${name ?? member.name}`;
  if (kind === 'directory' || (name !== undefined && isDesktopLitter(name))) return undefined;
  if (kind !== 'file' || name === undefined) return asRefusal(refuse(file, offset, describe(member)));
  if ((synsetOfMember(name) ?? tar.synset) !== tar.synset) {
    return asRefusal(refuse(file, offset, `a name of another synset than ${tar.synset}`));
  }
  if (takes && !takes(name, tar.synset)) return undefined;
  // One that is too large anyway is not read: its header may claim anything.
  const bytes = size > limits.maxBytes ? tooLarge(file, offset, size) : await read(offset, size);
  return Buffer.isBuffer(bytes) ? { name, file, offset, bytes } : bytes;
}

function tooLarge(file: string, offset: number, size: number): Refusal {
  return asRefusal(
    new CodedError('IMAGE_TOO_LARGE', 'A picture is too large', { details: { file, offset, got: `${size} bytes` } }),
  );
}

async function lookAtMember(member: Loaded, context: SynsetContext): Promise<Looked> {
  if (!('bytes' in member)) return { kind: 'refused', refusal: member };
  try {
    return { kind: 'example', example: await examine(member, context), file: member.file };
  } catch (error) {
    return { kind: 'refused', refusal: asRefusal(error) };
  }
}

/** A name stands for one picture: boxes and validation lists go by it. */
function settleName(example: IndexedExample, file: string, seen: Map<string, string>): Outcome {
  const before = seen.get(example.name);
  if (before === example.sha256) return { kind: 'repeated' };
  if (before !== undefined) {
    const refusal = asRefusal(refuse(file, example.offset, 'a second picture of the same name'));
    return { kind: 'refused', refusal };
  }
  seen.set(example.name, example.sha256);
  return { kind: 'example', example };
}
