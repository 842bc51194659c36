export { start, IngestOptions } from './start.js';
export { indexArchive } from './index-archive.js';
export { type IndexContext } from './context.js';
export { listIndexes } from './indexes.js';
export { installedWordNet, NOUNS_FILE, openWordNet, type WordNetFolder } from './wordnet.js';
export { tourArchive, type ArchiveTour, type TourPicture, type TourRequest } from './tour/tour.js';
export { type TreeEntry } from './tour/synset-tree.js';
export { tourPage } from './tour/tour-page.js';
