/**
 * An archive as large as ImageNet that nobody has to keep: its bytes are made while they are read.
 *
 * Every synset has as many pictures, and every picture as many bytes; each says its number in a comment, so that no two are
 * the same.
 */
import { DirectoryStore } from '@bluewaters/storage';
import { syntheticJpeg } from '../../libs/testing/dist/synthetic/jpeg.js';
import { CLOSING_BYTES, padded, synsetPart, withComment } from './nested_tar.mjs';

/** As many as ImageNet has on average. */
const PICTURES = 650;
export const KEY = 'archives/virtual.tar';

const JPEG = Buffer.from(await syntheticJpeg({ width: 8, height: 8, channels: 1 }));

/** @param {number} place @param {number} pictures */
function synset(place, pictures) {
  const name = `n${padded(place + 1, 8)}`;
  const members = Array.from({ length: pictures }, (_, i) => {
    const number = place * PICTURES + i;
    return { name: `${name}_${padded(number, 10)}.JPEG`, bytes: withComment(JPEG, padded(number, 10)) };
  });
  return synsetPart(name, members);
}

/** A directory in which {@link KEY} is an archive of so many pictures. */
export class VirtualStore extends DirectoryStore {
  /** What making the bytes took of the processor. */
  secondsOfMaking = 0;
  #pictures;
  #synsetBytes = synset(0, PICTURES).length;
  /** @type {Map<number, Buffer>} */
  #made = new Map();

  /** @param {string} path @param {number} pictures */
  constructor(path, pictures) {
    super(path);
    this.#pictures = pictures;
  }

  get #size() {
    const [whole, left] = [Math.floor(this.#pictures / PICTURES), this.#pictures % PICTURES];
    return whole * this.#synsetBytes + (left > 0 ? synset(whole, left).length : 0) + CLOSING_BYTES;
  }

  /** @override @param {string} key */
  async stat(key) {
    return key === KEY ? { key, size: this.#size } : super.stat(key);
  }

  /** @override @param {string} key */
  localPath(key) {
    return key === KEY ? undefined : super.localPath(key);
  }

  /** @override @param {string} key @param {import('@bluewaters/storage').ByteRange} range */
  async getRange(key, range) {
    if (key !== KEY) return super.getRange(key, range);
    const before = process.cpuUsage();
    const bytes = this.#make(range);
    const { user, system } = process.cpuUsage(before);
    this.secondsOfMaking += (user + system) / 1e6;
    return bytes;
  }

  /** @param {import('@bluewaters/storage').ByteRange} range */
  #make({ offset, length }) {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; ) {
      const place = Math.floor((offset + at) / this.#synsetBytes);
      const piece = this.#synset(place).subarray(offset + at - place * this.#synsetBytes);
      if (piece.length === 0) break; // the closing blocks
      at += piece.copy(bytes, at);
    }
    return bytes;
  }

  /** @param {number} place */
  #synset(place) {
    const left = this.#pictures - place * PICTURES;
    if (left <= 0) return Buffer.alloc(0);
    let made = this.#made.get(place);
    if (made) return made;
    made = synset(place, Math.min(PICTURES, left));
    // Several synsets are read at a time, each from front to back.
    if (this.#made.size > 15) this.#made.delete(/** @type {number} */ (this.#made.keys().next().value));
    this.#made.set(place, made);
    return made;
  }
}
