export { dropLocalModel, localModel } from './local-model.js';
export {
  listVersions,
  networkOf,
  readVersion,
  versionKey,
  type RegisteredVersion,
  type VersionRef,
} from './versions.js';
