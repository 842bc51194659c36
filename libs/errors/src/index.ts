export { ERROR_CODES, type ErrorCode, type ErrorCodeFacts } from './codes.js';
export {
  CodedError,
  deserializeError,
  isCodedError,
  toCodedError,
  type ErrorDetails,
  type SerializedError,
} from './coded-error.js';
export { assertFormat, parseStored } from './stored-format.js';
