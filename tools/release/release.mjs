/**
 * Makes a release: builds the images, checks them, tags them with the one version number, and pushes them where
 * `shifterimg pull` and `apptainer pull` fetch them.
 *
 *     npm run release -- REGISTRY/PROJECT                  all but the push
 *     npm run release -- REGISTRY/PROJECT --push           … and the push: of a commit that has the tag vVERSION
 *     npm run release -- REGISTRY/PROJECT --only ingest    some images: ingest, shards, training, inference, cli, blue-waters
 *     npm run release -- REGISTRY/PROJECT --gpu            all but blue-waters with TensorFlow for NVIDIA's GPUs, tagged VERSION-gpu
 *     npm run release -- REGISTRY/PROJECT --platform linux/amd64 --platform linux/arm64
 *                                                          for each processor, tagged VERSION-amd64 and VERSION-arm64, and
 *                                                          pushed as VERSION, too, by which a machine gets its own
 *
 * For another processor than the engine's the system has to know an emulator; an image then takes a quarter of an hour.
 *
 * What was released stands in release-VERSION.json afterwards, beside the bill of materials bluewaters-VERSION.cdx.json and
 * that of each image, such as bluewaters-ingest-VERSION.cdx.json: in the folder that --out names, else in dist/.
 */
import { parseArgs } from 'node:util';
import { buildImages, checkImage, enginePlatform, lookInside, pushImage, pushList, tagImage } from './src/images.mjs';
import { releaseOf } from './src/release.mjs';
import { record } from './src/record.mjs';

const { values, positionals } = parseArgs({
  options: {
    push: { type: 'boolean', default: false },
    gpu: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    platform: { type: 'string', multiple: true },
    out: { type: 'string', default: 'dist' },
  },
  allowPositionals: true,
});

try {
  const release = releaseOf({ ...values, project: positionals[0] }, enginePlatform);
  console.log(`release ${release.tag} of commit ${release.commit}`);
  buildImages(release);
  const images = release.images.map((image) => ({
    ...image,
    ...checkImage(image, release),
    inside: lookInside(image),
  }));
  for (const image of images) tagImage(image);
  const released = {
    images: images.map((image) => (values.push ? { ...image, digest: pushImage(image) } : image)),
    lists: release.lists.map((list) => (values.push ? { ...list, digest: pushList(list) } : list)),
  };
  for (const file of record(values.out, release, released)) console.log(file);
  for (const { published, digest } of [...released.images, ...released.lists])
    console.log(digest === undefined ? published : `${published} ${digest}`);
  if (!values.push) console.log('not pushed: --push does');
} catch (error) {
  console.error(`release: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
