export { DEFAULT_LIMITS, type ImageLimits, type ImageSource } from './limits.js';
export { inspectImage, type ImageFacts, type ImageFormat } from './inspect.js';
export { asJpeg, repairImage, type RepairedImage } from './repair.js';
export { assertDecodes, decodeSquare, type SquareOptions } from './decode.js';
export { encodeJpeg, type PixelLayout } from './encode.js';
export { encodePng } from './png.js';
export { thumbnail, type Thumbnail, type ThumbnailOptions } from './thumbnail.js';
