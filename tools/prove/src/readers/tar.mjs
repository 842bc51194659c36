/** Tar headers, and the walk from one to the next. */
import { ReadAhead } from '../../../../services/ingest/dist/read-ahead.js';
import { walkTar } from '../../../../services/ingest/dist/tar-walk.js';
import { holds, outcome, same, sourceOf } from './reader.mjs';
import { header, member, mendChecksums, tar } from './tars.mjs';

/** The same tar, further on in a file. */
const SHIFT = 300;
const WINDOWS = [1, 513, 4096];

/**
 * Its members, and the error that ended the walk.
 *
 * @param {Buffer} bytes
 * @param {{ start: number, windowBytes: number }} way
 */
async function walk(bytes, { start, windowBytes }) {
  const part = { file: 'given', start, end: bytes.length };
  const ahead = new ReadAhead(sourceOf(bytes), part, windowBytes);
  /** @type {{ kind: string }[]} */
  const members = [];
  const { error } = await outcome(async () => {
    for await (const member of walkTar({ ...part, read: (at, length) => ahead.read(at, length) })) {
      const { offset, size, cut } = member;
      members.push({ ...member, offset: offset - start });
      if (!cut) holds((await ahead.read(offset, size)).length === size, 'a member that is whole has its bytes');
    }
  });
  const at = error?.details.offset;
  const place = { code: error?.code, got: error?.details.got, at: at === undefined ? undefined : at - start };
  return { seen: { members, place }, error };
}

/** @type {import('./reader.mjs').Reader} */
export const reader = {
  codes: ['ARCHIVE_INVALID', 'ARCHIVE_TRUNCATED'],
  scripts: ['/tar-header.js', '/tar-walk.js', '/read-ahead.js'],
  maxBytes: 16 * 1024,
  largestBytes: 1 << 20,
  tokens: ['ustar\x0000', 'ustar  \0', '30 path=', '12 size=', '\n', 'x', 'L', 'g', 'K', '5', '\x80\0\0\0', '\xff'],
  mend: mendChecksums,
  seeds: async () => [
    tar(member('a.JPEG', 'x'.repeat(700)), member('folder/', '', '5'), member('b', ''), header('link', 0, '2')),
    tar(member('PaxHeader', '26 path=a/name/of/its/own\n13 size=700\n', 'x'), member('c', 'y'.repeat(700))),
    tar(member('././@LongLink', `${'d'.repeat(150)}\0`, 'L'), member('d', 'z')),
    tar(member('global', '16 comment=none\n', 'g'), member('e', '')),
    header('cut', 700),
  ],
  read: async (bytes) => {
    const { seen, error } = await walk(bytes, { start: 0, windowBytes: 1 << 20 });
    for (const windowBytes of WINDOWS) {
      const pieces = await walk(bytes, { start: 0, windowBytes });
      same({ value: seen }, { value: pieces.seen }, `windows of ${windowBytes} bytes`);
    }
    const shifted = await walk(Buffer.concat([Buffer.alloc(SHIFT, 'y'), bytes]), { start: SHIFT, windowBytes: 4096 });
    same({ value: seen }, { value: shifted.seen }, 'the same tar further on');
    if (error) throw error;
    return seen.members.map(({ kind }) => kind).join(' ');
  },
};
