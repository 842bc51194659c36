/** What a code decides: whether trying again can help, and how HTTP says it. */
export interface ErrorCodeFacts {
  /** True when the same call may succeed later without anyone changing anything. */
  readonly retryable: boolean;
  /** The status of an HTTP answer that carries this code, 400 to 599. */
  readonly httpStatus: number;
  /** One sentence for the person who reads it. */
  readonly meaning: string;
}

/**
 * The closed table of error codes. A code is never reused with another meaning; `docs/errors.md` explains each
 * and is tested against this table in both directions.
 */
export const ERROR_CODES = {
  CONFIG_INVALID: {
    retryable: false,
    httpStatus: 400,
    meaning: 'An option is unknown, out of range, or contradicts another.',
  },
  FILE_NOT_FOUND: {
    retryable: false,
    httpStatus: 404,
    meaning: 'A file that was named does not exist or cannot be read.',
  },
  ARCHIVE_INVALID: { retryable: false, httpStatus: 422, meaning: 'A file is not the tar archive it is said to be.' },
  ARCHIVE_TRUNCATED: { retryable: false, httpStatus: 422, meaning: 'An archive ends in the middle of a member.' },
  ARCHIVE_EMPTY: { retryable: false, httpStatus: 422, meaning: 'An archive holds no image of the listed synsets.' },
  ARCHIVE_CHANGED: { retryable: false, httpStatus: 409, meaning: 'An archive is not the one that was indexed.' },
  SYNSET_INVALID: {
    retryable: false,
    httpStatus: 422,
    meaning: 'A synset list or a name of a synset is not in the expected form.',
  },
  WORDNET_INVALID: {
    retryable: false,
    httpStatus: 422,
    meaning: 'A WordNet database is damaged, or of another version than the synsets.',
  },
  IMAGE_INVALID: {
    retryable: false,
    httpStatus: 422,
    meaning: 'Bytes that should be a picture are not, or are damaged.',
  },
  IMAGE_TOO_LARGE: { retryable: false, httpStatus: 413, meaning: 'A picture has more bytes or pixels than the limit.' },
  ANNOTATION_INVALID: {
    retryable: false,
    httpStatus: 422,
    meaning: 'An annotation, or a line of a CSV of boxes, is not in the expected form.',
  },
  INDEX_INVALID: { retryable: false, httpStatus: 422, meaning: 'An example index is missing, incomplete or damaged.' },
  RECORD_CORRUPT: {
    retryable: false,
    httpStatus: 422,
    meaning: 'A record does not match its CRC-32C, or its length runs past the end of the shard.',
  },
  EXAMPLE_INVALID: {
    retryable: false,
    httpStatus: 422,
    meaning: 'A record is not a tf.train.Example with the expected features.',
  },
  SHARD_MISSING: { retryable: false, httpStatus: 404, meaning: 'A shard that the manifest names is not in the store.' },
  SHARD_CORRUPT: {
    retryable: false,
    httpStatus: 422,
    meaning: 'A shard has another size or digest than the manifest says.',
  },
  MANIFEST_INVALID: {
    retryable: false,
    httpStatus: 422,
    meaning: 'A manifest is missing or not in the expected form.',
  },
  TERMS_INVALID: {
    retryable: false,
    httpStatus: 422,
    meaning: 'Terms of access, an acceptance or a grant are missing, damaged, or of another text.',
  },
  ACCESS_REFUSED: {
    retryable: false,
    httpStatus: 403,
    meaning: 'A dataset has terms of access, and who asks has no grant or is not its custodian.',
  },
  CHECKPOINT_INVALID: {
    retryable: false,
    httpStatus: 422,
    meaning: 'A checkpoint is cut short, damaged, or of another run.',
  },
  FORMAT_UNKNOWN: {
    retryable: false,
    httpStatus: 422,
    meaning: 'A file is in a format of another version of Blue Waters ML.',
  },
  RUN_UNKNOWN: { retryable: false, httpStatus: 404, meaning: 'The store has no run of that name.' },
  RUN_HELD: { retryable: false, httpStatus: 409, meaning: 'Another process is working on the run.' },
  GENERATION_OVER: {
    retryable: false,
    httpStatus: 409,
    meaning: 'A rank belongs to a generation of its run that is no longer, or not yet, under way.',
  },
  ORDER_REFUSED: { retryable: false, httpStatus: 409, meaning: 'A run cannot follow that order as it stands.' },
  TRAINING_DIVERGED: {
    retryable: false,
    httpStatus: 422,
    meaning: 'The loss is no longer a finite number: the weights are lost since the last checkpoint.',
  },
  MODEL_UNKNOWN: {
    retryable: false,
    httpStatus: 404,
    meaning: 'The model registry has no model of that name and version.',
  },
  MODEL_INVALID: {
    retryable: false,
    httpStatus: 422,
    meaning: 'A model in the registry is incomplete or cannot be loaded.',
  },
  WEIGHTS_INVALID: {
    retryable: false,
    httpStatus: 422,
    meaning: 'A file of weights is damaged, of no known format, or not of that network.',
  },
  NETWORK_UNKNOWN: { retryable: false, httpStatus: 400, meaning: 'No network of that name is known.' },
  GRAPH_INVALID: {
    retryable: false,
    httpStatus: 500,
    meaning: 'TensorFlow refused an operation while the graph was built.',
  },
  TENSORFLOW_MISSING: {
    retryable: false,
    httpStatus: 500,
    meaning: 'The TensorFlow library cannot be found or loaded.',
  },
  TENSORFLOW_FAILED: {
    retryable: false,
    httpStatus: 500,
    meaning: 'TensorFlow reported an error while the graph ran.',
  },
  MPI_MISSING: {
    retryable: false,
    httpStatus: 500,
    meaning: 'No MPI library can be opened, or it does not bring the ranks together.',
  },
  RANKS_DIFFER: {
    retryable: false,
    httpStatus: 500,
    meaning: 'The ranks of a run do not run the same code on the same records with the same MPI.',
  },
  HANDLE_DISPOSED: { retryable: false, httpStatus: 500, meaning: 'A native handle was used after it was given back.' },
  OBJECT_NOT_FOUND: { retryable: false, httpStatus: 404, meaning: 'The store has no object under that key.' },
  OBJECT_EXISTS: {
    retryable: false,
    httpStatus: 409,
    meaning: 'The store already has an object under a key that must be new.',
  },
  KEY_INVALID: {
    retryable: false,
    httpStatus: 400,
    meaning: 'A name or key has a character, a length or a part (such as "..") that is not allowed.',
  },
  STORE_UNAVAILABLE: { retryable: true, httpStatus: 503, meaning: 'The object store did not answer.' },
  STORE_REFUSED: {
    retryable: false,
    httpStatus: 502,
    meaning: 'The object store refused the call: credentials, permission or a missing bucket.',
  },
  STORE_FULL: { retryable: false, httpStatus: 507, meaning: 'There is no space left where bytes are kept.' },
  BUS_UNAVAILABLE: { retryable: true, httpStatus: 503, meaning: 'The message bus did not answer.' },
  BUS_REFUSED: {
    retryable: false,
    httpStatus: 502,
    meaning: 'The message bus refused the call: credentials, permission or a size limit.',
  },
  BUS_UNTRUSTED: {
    retryable: false,
    httpStatus: 502,
    meaning: 'The message bus did not prove who it is: no TLS, or a certificate that does not hold.',
  },
  NO_RESPONDERS: { retryable: true, httpStatus: 503, meaning: 'No service that answers this command is running.' },
  STATE_CONFLICT: { retryable: true, httpStatus: 409, meaning: 'Someone else changed a state entry in between.' },
  MESSAGE_INVALID: { retryable: false, httpStatus: 400, meaning: 'A message does not match its schema.' },
  TIMED_OUT: { retryable: true, httpStatus: 504, meaning: 'An answer did not come in time.' },
  PORT_IN_USE: { retryable: false, httpStatus: 500, meaning: 'Another process listens on the port.' },
  REQUEST_INVALID: { retryable: false, httpStatus: 400, meaning: 'An HTTP request is not in the expected form.' },
  REQUEST_TOO_LARGE: { retryable: false, httpStatus: 413, meaning: 'An HTTP body is larger than the limit.' },
  NOT_FOUND: { retryable: false, httpStatus: 404, meaning: 'There is nothing at that address.' },
  OVERLOADED: { retryable: true, httpStatus: 503, meaning: 'A queue is full; try again later.' },
  NOT_READY: { retryable: true, httpStatus: 503, meaning: 'The service or model is still starting.' },
  PROCESS_DIED: { retryable: true, httpStatus: 500, meaning: 'A child process ended without finishing its work.' },
  INTERRUPTED: {
    retryable: true,
    httpStatus: 503,
    meaning: 'The work was stopped from outside; started again, it goes on from there.',
  },
  BATCH_REFUSED: { retryable: false, httpStatus: 502, meaning: 'The batch system of a cluster does not take a job.' },
  PROGRAM_INVALID: {
    retryable: false,
    httpStatus: 422,
    meaning: 'A program or library is damaged: its ELF file is cut short or contradicts itself.',
  },
  TOOL_MISSING: { retryable: false, httpStatus: 500, meaning: 'A program that is needed is not installed.' },
  INTERNAL: { retryable: false, httpStatus: 500, meaning: 'A fault of Blue Waters ML itself; please report it.' },
} as const satisfies Record<string, ErrorCodeFacts>;

/** One of the codes of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;
