/** What of ours runs on the Node.js of an image, and what becomes of its codec for pictures. */
import { checkVersions } from './check-libraries.js';
import type { ImageFinding, Verdict } from './image-finding.js';
import type { Image } from './read-image.js';
import { compareVersions } from './versions.js';

/** By the oldest version that it is about, the newest first. @see docs/blue-waters.md */
const TRIED: readonly (readonly [since: string, verdict: Verdict, why: string])[] = [
  ['20', 'runs', 'all of it is tested'],
  ['17', 'unproven', 'nobody has tried it'],
  ['16.20', 'runs', 'ranks, shards and ordinary JPEGs are tested; pictures that have to be decoded are refused'],
  ['0', 'no', '16.20 or newer is needed'],
];

/** Whether our programs run on each Node.js. */
export function checkNodes({ nodes }: Image): ImageFinding[] {
  return [...nodes].map(([path, version]) => {
    const row = TRIED.find(([since]) => version !== undefined && compareVersions(version, since) >= 0);
    const [, verdict, why] = row ?? ['', 'unproven' as const, 'its version was not found'];
    return { what: 'our programs', verdict, why: `on Node.js ${version ?? ''}: ${why}`, files: [path] };
  });
}

/** sharp and its libvips, as npm installs them. */
const CODEC = /\/node_modules\/@img\/sharp-[^/]+\//u;

/** An image without its codec for pictures, which is loaded with the first picture that needs it, and that alone. */
export function withoutCodec(image: Image): Image {
  return { ...image, programs: image.programs.filter(({ path }) => !CODEC.test(path)) };
}

/** Whether the C library will do for the codec: nothing but pictures that have to be decoded fails where it does not. */
export async function checkCodec(image: Image): Promise<ImageFinding[]> {
  const programs = image.programs.filter(({ path }) => CODEC.test(path));
  if (programs.length === 0) return [];
  const { verdict, why, files } = await checkVersions({ ...image, programs });
  if (verdict === 'runs') return [{ what: 'sharp', verdict, why, files }];
  return [{ what: 'sharp', verdict: 'unproven', why: `${why}: pictures that have to be decoded are refused`, files }];
}
