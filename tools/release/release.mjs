/**
 * Makes a release: builds the images, checks them, tags them with the one version number, and pushes them where
 * `shifterimg pull` and `apptainer pull` fetch them.
 *
 *     npm run release -- REGISTRY/PROJECT                  all but the push
 *     npm run release -- REGISTRY/PROJECT --push           … and the push: of a commit that has the tag vVERSION
 *     npm run release -- REGISTRY/PROJECT --only ingest    some images: ingest, shards, training, inference, cli, blue-waters
 *     npm run release -- REGISTRY/PROJECT --gpu            all but blue-waters with TensorFlow for NVIDIA's GPUs, tagged VERSION-gpu
 *
 * What was released stands in release-VERSION.json afterwards, beside the bill of materials bluewaters-VERSION.cdx.json: in
 * the folder that --out names, else in dist/.
 */
import { parseArgs } from 'node:util';
import { buildImages, checkImage, pushImage, tagImage } from './src/images.mjs';
import { releaseOf } from './src/release.mjs';
import { record } from './src/record.mjs';

const { values, positionals } = parseArgs({
  options: {
    push: { type: 'boolean', default: false },
    gpu: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    out: { type: 'string', default: 'dist' },
  },
  allowPositionals: true,
});

try {
  const release = releaseOf({ ...values, project: positionals[0] });
  console.log(`release ${release.tag} of commit ${release.commit}`);
  buildImages(release);
  const images = release.images.map((image) => ({ ...image, ...checkImage(image, release) }));
  for (const image of images) tagImage(image);
  const released = images.map((image) => (values.push ? { ...image, digest: pushImage(image) } : image));
  for (const file of record(values.out, release, released)) console.log(file);
  for (const { published, digest } of released)
    console.log(digest === undefined ? published : `${published} ${digest}`);
  if (!values.push) console.log('not pushed: --push does');
} catch (error) {
  console.error(`release: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
