/** TensorFlow's status: how every native call says whether it worked. */
import { CodedError } from '@bluewaters/errors';
import { Handle } from './handles.js';
import { native, type Pointer } from './native.js';

/** TensorFlow's canonical codes, at the index that is their number. */
const STATUS_CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/** One of TensorFlow's canonical codes. */
export type StatusCode = (typeof STATUS_CODES)[number];

/** TensorFlow's own words on a failure; the `cause` of the CodedError that a caller sees. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: StatusCode;

  /** @param status Never 'OK'. */
  constructor(status: StatusCode, message: string) {
    super(message);
    this.status = status;
  }
}

/** A status of its own, for calls that outlive the function that makes them. */
export function newStatus(): Handle {
  const { TF_NewStatus, TF_DeleteStatus } = native();
  return new Handle('status', TF_NewStatus(), TF_DeleteStatus);
}

/** @returns What went wrong, or undefined. */
export function failureOf(status: Handle): StatusError | undefined {
  const { TF_GetCode, TF_Message } = native();
  const code = TF_GetCode(status.pointer);
  return code === 0 ? undefined : new StatusError(STATUS_CODES[code] ?? 'UNKNOWN', TF_Message(status.pointer));
}

/**
 * Makes a call that reports through a status.
 *
 * @param refuse Turns TensorFlow's words into the error that the caller should see.
 */
export function checked<Result>(call: (status: Pointer) => Result, refuse: (failure: StatusError) => Error): Result {
  using status = newStatus();
  const result = call(status.pointer);
  const failure = failureOf(status);
  if (failure) throw refuse(failure);
  return result;
}

/** The same for a call that, when it works, gives a pointer. */
export function checkedPointer(
  call: (status: Pointer) => Pointer | null,
  refuse: (failure: StatusError) => Error,
): Pointer {
  return notNull(checked(call, refuse));
}

/** A pointer that TensorFlow promises once its status is OK. */
export function notNull(pointer: Pointer | null): Pointer {
  if (pointer !== null) return pointer;
  throw new CodedError('INTERNAL', 'TensorFlow reported success and gave nothing');
}
