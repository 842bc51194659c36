export { dropLocalModel, localModel } from './local-model.js';
export { acceptTerms, findAcceptance, type AcceptanceOf } from './terms/acceptances.js';
export {
  assertAccess,
  findGrant,
  grantAccess,
  listGrants,
  revokeAccess,
  standingOf,
  type Standing,
} from './terms/grants.js';
export { restrict, restrictionOf, restrictRuns } from './terms/restrict.js';
export {
  assertCustodian,
  findTerms,
  isSetAlready,
  listTerms,
  readTerms,
  readTermsText,
  setTerms,
  type PersonName,
} from './terms/terms.js';
export {
  listVersions,
  networkOf,
  readVersion,
  versionKey,
  type RegisteredVersion,
  type VersionRef,
} from './versions.js';
