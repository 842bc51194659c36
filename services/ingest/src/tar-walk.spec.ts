import { MemoryStore, openSource } from '@bluewaters/storage';
import { describe, expect, it } from 'vitest';
import { ReadAhead } from './read-ahead.js';
import { walkTar, type TarMember } from './tar-walk.js';

/** A header block; `fields` are written over it before the checksum is made. */
function header(name: string, size: number, type = '0', fields: Record<number, string | Buffer> = {}): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, 100);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write(type, 156);
  block.write('ustar\x0000', 257, 'latin1');
  for (const [at, value] of Object.entries(fields)) Buffer.from(value).copy(block, Number(at));
  block.fill(' ', 148, 156);
  block.write(`${block.reduce((sum, byte) => sum + byte, 0).toString(8)}\0`, 148);
  return block;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 511)]);
}

/** A PAX header; the records are short, so that their length takes two digits. */
function pax(record: string): Buffer {
  const body = Buffer.from(`${Buffer.byteLength(record) + 4} ${record}\n`);
  return Buffer.concat([header('PaxHeader', body.length, 'x'), padded(body)]);
}

const end = Buffer.alloc(1024);
const content = Buffer.alloc(700, 'x');

async function members(tar: Buffer, windowBytes = 4096, start = 0): Promise<TarMember[]> {
  const store = new MemoryStore();
  await store.put('tar', tar);
  await using source = await openSource(store, { key: 'tar' });
  const part = { start, end: tar.length };
  const ahead = new ReadAhead(source, part, windowBytes);
  const found: TarMember[] = [];
  for await (const member of walkTar({ ...part, file: 'x.tar', read: (at, length) => ahead.read(at, length) })) {
    if (member.cut) continue;
    // The bytes too, so that windows are crossed as in real work.
    const bytes = await ahead.read(member.offset, member.size);
    expect(bytes.equals(content.subarray(0, member.size))).toBe(true);
    found.push(member);
  }
  return found;
}

const long = 'd'.repeat(150);

describe('walking a tar', () => {
  it.each<[string, Buffer, string]>([
    ['a plain name', header('a.JPEG', 700), 'a.JPEG'],
    ['a name of exactly 100 bytes', header('n'.repeat(100), 700), 'n'.repeat(100)],
    ['a ustar prefix', header('a.JPEG', 700, '0', { 345: 'folder' }), 'folder/a.JPEG'],
    ['a GNU header, whose prefix is no name', header('a', 700, '0', { 257: 'ustar  \0', 345: '12345' }), 'a'],
    ['the type of old tars', header('a', 700, '\0'), 'a'],
    [
      'a GNU long name',
      Buffer.concat([header('x', 151, 'L'), padded(Buffer.from(`${long}\0`)), header('cut', 700)]),
      long,
    ],
    ['a PAX path', Buffer.concat([pax('path=é'), header('e', 700)]), 'é'],
    [
      'a PAX path before a ustar prefix',
      Buffer.concat([pax('path=right'), header('w', 700, '0', { 345: 'p' })]),
      'right',
    ],
    ['a PAX size', Buffer.concat([pax('size=700'), header('a', 0)]), 'a'],
    ['a global PAX header before it', Buffer.concat([header('g', 700, 'g'), padded(content), header('a', 700)]), 'a'],
    [
      'a size in binary',
      header('a', 0, '0', { 124: Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 700 >> 8, 700 & 255]) }),
      'a',
    ],
  ])('finds a member with %s', async (_, head, name) => {
    const tar = Buffer.concat([head, padded(content), header('last', 3), padded(content.subarray(0, 3)), end]);
    expect(await members(tar)).toEqual([
      { kind: 'file', name, offset: head.length, size: 700, mode: 0 },
      { kind: 'file', name: 'last', offset: head.length + 1024 + 512, size: 3, mode: 0 },
    ]);
  });

  it.each([
    ['1', 'link'],
    ['2', 'link'],
    ['3', 'special'],
    ['4', 'special'],
    ['5', 'directory'],
    ['6', 'special'],
    ['S', 'special'],
  ] as const)('tells type %s as %s', async (type, kind) => {
    const size = kind === 'link' || kind === 'directory' ? 700 : 0;
    expect(await members(Buffer.concat([header('a', size, type), end]))).toMatchObject([
      { kind, name: 'a', offset: 512, size: 0 },
    ]);
  });

  it.each<[string, Buffer, string]>([
    ['in its header', header('a', 0, '2', { 157: 'to/b' }), 'to/b'],
    ['in a PAX record', Buffer.concat([pax('linkpath=to/b'), header('a', 0, '2', { 157: 'cut' })]), 'to/b'],
    [
      'in a GNU long name',
      Buffer.concat([header('x', 151, 'K'), padded(Buffer.from(`${long}\0`)), header('a', 0, '2')]),
      long,
    ],
  ])('tells where a link leads that has it %s', async (_where, head, target) => {
    expect(await members(Buffer.concat([head, end]))).toMatchObject([
      { kind: 'link', name: 'a', link: { kind: 'symbolic', target } },
    ]);
  });

  it('tells permissions and hard links, and takes what is no number for none', async () => {
    const tar = Buffer.concat([
      header('a', 0, '0', { 100: '0104755\0' }),
      header('b', 0, '1', { 100: 'none', 157: 'a' }),
    ]);
    expect(await members(Buffer.concat([tar, end]))).toMatchObject([
      { name: 'a', mode: 0o4755 },
      { name: 'b', mode: 0, link: { kind: 'hard', target: 'a' } },
    ]);
  });

  it.each([1, 512, 700, 5000])(
    'finds the same members in windows of %i bytes, and where the closing blocks are missing',
    async (windowBytes) => {
      const tar = Buffer.concat(
        [0, 1, 700, 512, 600].flatMap((size, i) => [header(`m${i}`, size), padded(content.subarray(0, size))]),
      );
      const expected = await members(Buffer.concat([tar, end]), 1 << 20);
      expect(expected.map(({ name }) => name)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
      expect(await members(tar, windowBytes)).toEqual(expected);
      const shifted = await members(Buffer.concat([Buffer.alloc(300, 'y'), tar]), windowBytes, 300);
      expect(shifted).toEqual(expected.map((member) => ({ ...member, offset: member.offset + 300 })));
    },
  );

  it('gives a member that the end cuts, marked as such, before the error', async () => {
    const tar = Buffer.concat([header('a', 100), padded(content.subarray(0, 100)), header('b', 700), content]);
    const part = { file: 'x.tar', start: 0, end: tar.length - 1 };
    const found: TarMember[] = [];
    const walk = async (): Promise<void> => {
      const read = async (at: number, length: number): Promise<Buffer> => tar.subarray(at, at + length);
      for await (const member of walkTar({ ...part, read })) found.push(member);
    };
    await expect(walk()).rejects.toMatchObject({ code: 'ARCHIVE_TRUNCATED', details: { offset: 1536 } });
    expect(found.map(({ name, cut }) => [name, cut])).toEqual([
      ['a', undefined],
      ['b', true],
    ]);
  });

  it('finds a cut at every byte but those between members, and names the offset', async () => {
    const tar = Buffer.concat([header('a', 100), padded(content.subarray(0, 100)), header('b', 700), padded(content)]);
    for (let length = 1; length < tar.length; length += 37) {
      const whole = length >= 512 + 100 && length <= 1024;
      const cut = members(tar.subarray(0, length));
      if (whole || length >= 1536 + 700) expect((await cut).length).toBe(length > 1024 ? 2 : 1);
      else await expect(cut).rejects.toMatchObject({ code: 'ARCHIVE_TRUNCATED', details: { file: 'x.tar' } });
    }
  });

  it('finds any flipped bit of a header', async () => {
    for (let bit = 0; bit < 512 * 8; bit += 13) {
      const damaged = Buffer.concat([header('a', 0), end]);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      await expect(members(damaged)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID', details: { offset: 0 } });
    }
  });

  it.each([
    ['a negative size', header('a', 0, '0', { 124: Buffer.alloc(12, 0xff) })],
    ['a size that is no number', header('a', 0, '0', { 124: 'nine' })],
    ['a size beyond reckoning', header('a', 0, '0', { 124: Buffer.from([0x80, ...Buffer.alloc(11, 0xff)]) })],
    [
      'a PAX header without its form',
      Buffer.concat([header('x', 5, 'x'), padded(Buffer.from('hello')), header('a', 0)]),
    ],
    ['a name of gigabytes', Buffer.concat([header('x', 2 ** 21, 'L'), Buffer.alloc(2 ** 21)])],
  ])('refuses %s', async (_, tar) => {
    await expect(members(Buffer.concat([tar, end]))).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
  });
});
