import { encodeJpeg } from '@bluewaters/images';

const SIDE = 64;

/** A picture that every model can read, for the first run of a model: a square of soft colours. JPEG. */
export function probePicture(): Promise<Uint8Array> {
  const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, index) => {
    const [place, channel] = [Math.floor(index / 3), index % 3];
    return [place % SIDE, Math.floor(place / SIDE), SIDE / 2][channel]! * 4;
  });
  return encodeJpeg(pixels, { width: SIDE, height: SIDE, channels: 3, quality: 90 });
}
