/** Archives of annotations: tars of XML, or of tars of XML, plain or gzip. */
import { gzipSync } from 'node:zlib';
import { parseVoc } from '../../../../services/ingest/dist/boxes/parse-voc.js';
import { readAnnotations } from '../../../../services/ingest/dist/boxes/read-annotations.js';
import { Refusal } from '../../../../services/ingest/dist/refusal.js';
import { holds, outcome, same, sourceOf } from './reader.mjs';
import { member, mendChecksums, tar } from './tars.mjs';
import { ANNOTATION } from './xml.mjs';

const XML = member('n01440764_1.xml', ANNOTATION);

/** @param {Buffer} bytes */
async function read(bytes) {
  /** @type {import('../../../../services/ingest/dist/boxes/read-annotations.js').Found[]} */
  const found = [];
  const { error } = await outcome(async () => {
    for await (const each of readAnnotations(sourceOf(bytes), 'given.tar')) found.push(each);
  });
  return { found, error };
}

/** @type {import('./reader.mjs').Reader} */
export const reader = {
  codes: ['ARCHIVE_INVALID', 'ARCHIVE_TRUNCATED'],
  scripts: ['/read-annotations.js', '/parse-voc.js', '/names.js', '/refusal.js'],
  maxBytes: 16 * 1024,
  largestBytes: 1 << 20,
  tokens: [
    'ustar\x0000',
    '.xml\0',
    '.tar\0',
    '.tgz\0',
    '.tar.gz\0',
    '\x1f\x8b',
    'n01440764',
    '../',
    '._',
    '00000000001\0',
    '00000000000\0',
  ],
  mend: mendChecksums,
  seeds: async (damaged) => [
    tar(XML, member('val/n01440764_2.xml', '<annotation/>'), member('val/', '', '5')),
    tar(member('Annotation/n01440764.tar.gz', gzipSync(tar(XML)))),
    tar(member('n01440764.tar', tar(XML, member('n01443537/x.xml', '<html/>')))),
    tar(XML, member('n01443537.tgz', gzipSync(tar(XML)).subarray(0, 60)), member('../n01440764_3.xml', '')),
    ...damaged(/Annotation.*\.gz$/u, 16 * 1024),
  ],
  read: async (bytes) => {
    const { found, error } = await read(bytes);
    const annotations = [];
    for (const each of found) {
      if (each.kind === 'refused') same({ value: Refusal.parse(each.refusal) }, { value: each.refusal }, 'a refusal');
      else annotations.push(await outcome(() => parseVoc(each.text, each)));
    }
    holds(
      annotations.every((each) => !each.error || each.error.code === 'ANNOTATION_INVALID'),
      'an annotation is read, or ANNOTATION_INVALID',
    );
    if (error) throw error;
    const refusals = found.flatMap((each) => (each.kind === 'refused' ? [each.refusal.code] : []));
    return `${annotations.map((each) => each.error?.code ?? 'read').slice(0, 3)} ${refusals.slice(0, 3)}`;
  },
};
