/** Archives of images: what `docker save` writes, and archives of OCI layouts. */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { CodedError } from '@bluewaters/errors';
import { walkTar, type TarPart } from '@bluewaters/ingest';
import { z } from 'zod';

/** A layer within an archive. */
export interface LayerPlace {
  /** As the archive calls it. */
  readonly name: string;
  /** From the start of the archive. */
  readonly offset: number;
  /** In bytes, as it lies there. */
  readonly size: number;
}

/** Longer documents say nothing of images. */
const LONGEST_JSON = 4 << 20;
/** Indexes name indexes; those that exist do so once. */
const MOST_INDEXES = 3;
const MOST_LAYERS = 1000;
/** What Go, and so an image, calls architectures that `uname -m` calls otherwise. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** Of a blob that is hashed, at a time. */
const CHUNK_BYTES = 1 << 20;

const Saved = z.array(z.object({ Config: z.string().optional(), Layers: z.array(z.string()).max(MOST_LAYERS) }));
const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/u, 'sha256 and 64 hexadecimal digits');
const Descriptor = z.object({
  digest: Digest,
  platform: z.object({ architecture: z.string() }).optional(),
});
type Descriptor = z.infer<typeof Descriptor>;
const Index = z.object({ manifests: z.array(Descriptor).max(MOST_LAYERS) });
const Manifest = z.object({ config: Descriptor, layers: z.array(Descriptor).max(MOST_LAYERS) });

/**
 * Where the layers of the one image of an archive lie, the lowest first. Nothing that has a digest is looked at before its
 * bytes were found to have it.
 *
 * @param architecture Of the image that is meant where there are several, as `uname -m` names it.
 * @throws {CodedError} ARCHIVE_INVALID for another file, or one that lacks what it names or has other bytes there;
 * CONFIG_INVALID for several images; ARCHIVE_TRUNCATED.
 */
export async function layersOf(part: TarPart, architecture: string): Promise<LayerPlace[]> {
  const archive = await Members.of(part);
  if (archive.has('manifest.json')) {
    const { Config, Layers } = only(part.file, await archive.json('manifest.json', Saved));
    // What older archives call by other names has no digest there.
    if (Config !== undefined && digestOf(Config) !== undefined) await archive.find(Config);
    return archive.findAll(Layers);
  }
  if (archive.has('index.json')) {
    const { digest } = await imageOf(archive, 'index.json', architecture);
    const { config, layers } = await archive.json(blobOf(digest), Manifest);
    await archive.find(blobOf(config.digest));
    return archive.findAll(layers.map((layer) => blobOf(layer.digest)));
  }
  throw invalid(part.file, 'manifest.json or index.json, as in what `docker save` writes', 'neither');
}

/** Follows indexes to the manifest of one image. */
async function imageOf(archive: Members, name: string, architecture: string, depth = 1): Promise<Descriptor> {
  const { manifests } = await archive.json(name, Index);
  // Attestations are for no machine.
  const images = manifests.filter(({ platform }) => platform?.architecture !== 'unknown');
  const meant = images.filter(({ platform }) => platform?.architecture === ARCHITECTURES[architecture]);
  const one = only(archive.file, meant.length > 0 ? meant : images);
  const isIndex = Index.safeParse(await archive.json(blobOf(one.digest), z.unknown())).success;
  if (!isIndex) return one;
  if (depth < MOST_INDEXES) return imageOf(archive, blobOf(one.digest), architecture, depth + 1);
  throw invalid(archive.file, 'an image', `indexes within ${MOST_INDEXES} others`);
}

function only<Image>(file: string, images: readonly Image[]): Image {
  const [one, ...others] = images;
  if (one !== undefined && others.length === 0) return one;
  throw new CodedError('CONFIG_INVALID', 'Name an archive of one image', {
    details: { file, expected: 'one image, as `docker save NAME` writes', got: `${images.length}` },
  });
}

function blobOf(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** The digest that a member is called by, if it is. */
function digestOf(name: string): string | undefined {
  const [, digest] = /^blobs\/sha256\/([0-9a-f]{64})$/u.exec(name) ?? [];
  return digest && `sha256:${digest}`;
}

/** The members of an archive by name. */
class Members {
  readonly file: string;
  readonly #part: TarPart;
  readonly #places: ReadonlyMap<string, LayerPlace>;
  /** Old archives name a layer that they hold already by a link. */
  readonly #links: ReadonlyMap<string, string>;
  /** Digests that were found to hold. */
  readonly #held = new Set<string>();

  private constructor(part: TarPart, places: Map<string, LayerPlace>, links: Map<string, string>) {
    this.file = part.file;
    this.#part = part;
    this.#places = places;
    this.#links = links;
  }

  static async of(part: TarPart): Promise<Members> {
    const [places, links] = [new Map<string, LayerPlace>(), new Map<string, string>()];
    for await (const { kind, name, offset, size, link } of walkTar(part)) {
      const plain = name.replace(/^(?:\.\/)+/u, '');
      if (kind === 'file') places.set(plain, { name: plain, offset, size });
      else if (link) links.set(plain, posix.join(link.kind === 'hard' ? '' : posix.dirname(plain), link.target));
    }
    return new Members(part, places, links);
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  /** @throws {CodedError} ARCHIVE_INVALID without it, or where the digest that it is called by is not that of its bytes. */
  async find(name: string): Promise<LayerPlace> {
    const found = this.#places.get(name) ?? this.#places.get(this.#links.get(name) ?? '');
    if (!found) throw invalid(this.file, name, 'no such member');
    const digest = digestOf(name) ?? digestOf(found.name);
    if (digest !== undefined && !this.#held.has(digest)) await this.#verify(found, digest);
    return found;
  }

  /** In their order. */
  async findAll(names: readonly string[]): Promise<LayerPlace[]> {
    const found: LayerPlace[] = [];
    for (const name of names) found.push(await this.find(name));
    return found;
  }

  async #verify({ name, offset, size }: LayerPlace, digest: string): Promise<void> {
    const hash = createHash('sha256');
    for (let done = 0; done < size; done += CHUNK_BYTES) {
      hash.update(await this.#part.read(offset + done, Math.min(CHUNK_BYTES, size - done)));
    }
    const got = `sha256:${hash.digest('hex')}`;
    if (got !== digest) {
      throw new CodedError('ARCHIVE_INVALID', 'A blob of an image is damaged', {
        details: { file: `${this.file}/${name}`, expected: digest, got: `${got} of ${size} bytes` },
      });
    }
    this.#held.add(digest);
  }

  /** @throws {CodedError} ARCHIVE_INVALID when it is not there, or not in its form. */
  async json<Document>(name: string, form: z.ZodType<Document>): Promise<Document> {
    const { offset, size } = await this.find(name);
    if (size > LONGEST_JSON) throw invalid(this.file, `${name} of at most ${LONGEST_JSON} bytes`, `${size} bytes`);
    const text = (await this.#part.read(offset, size)).toString('utf8');
    try {
      return form.parse(JSON.parse(text));
    } catch (cause) {
      throw invalid(this.file, `${name} as images have it`, text.slice(0, 80), cause);
    }
  }
}

function invalid(file: string, expected: string, got: string, cause?: unknown): CodedError {
  const options = { details: { file, expected, got }, ...(cause === undefined ? {} : { cause }) };
  return new CodedError('ARCHIVE_INVALID', 'This is not an archive of an image', options);
}
