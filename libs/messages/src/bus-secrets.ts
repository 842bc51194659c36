import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CodedError } from '@bluewaters/errors';
import type { NatsLogin } from './nats/connect.js';
import type { TrustedAuthority } from './nats/trust.js';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu;

/** Reads who this process is on NATS. @throws {CodedError} CONFIG_INVALID when a file cannot be read. */
export function readLogin(environment: NodeJS.ProcessEnv): NatsLogin {
  const credentialsFile = environment['BLUEWATERS_NATS_CREDENTIALS_FILE'];
  if (credentialsFile) return { credentials: readBytes('BLUEWATERS_NATS_CREDENTIALS_FILE', credentialsFile) };
  const user = environment['BLUEWATERS_NATS_USER'];
  if (!user) return {};
  const passwordFile = environment['BLUEWATERS_NATS_PASSWORD_FILE'];
  const password = passwordFile
    ? readBytes('BLUEWATERS_NATS_PASSWORD_FILE', passwordFile).toString('utf8').trimEnd()
    : environment['BLUEWATERS_NATS_PASSWORD'];
  return { user, ...(password !== undefined && { password }) };
}

/**
 * Reads whose signature on the certificate of NATS counts; undefined where the authorities that Node trusts do.
 * @throws {CodedError} CONFIG_INVALID when the file cannot be read or holds no certificates.
 */
export function readAuthority(environment: NodeJS.ProcessEnv): TrustedAuthority | undefined {
  const field = 'BLUEWATERS_NATS_CA_FILE';
  const file = environment[field];
  if (!file) return undefined;
  const certificates = readBytes(field, file).toString('latin1').match(CERTIFICATE) ?? [];
  try {
    certificates.forEach((text) => new X509Certificate(text));
  } catch (cause) {
    throw notCertificates(field, file, (cause as Error).message, cause);
  }
  if (certificates.length === 0) throw notCertificates(field, file, 'none');
  return { file, certificates: certificates.join('\n') };
}

function notCertificates(field: string, file: string, got: string, cause?: unknown): CodedError {
  const details = { field, file, expected: 'certificates in PEM form', got };
  return new CodedError('CONFIG_INVALID', 'The file of the certificate authority is not one', { details, cause });
}

function readBytes(field: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new CodedError('CONFIG_INVALID', 'A file that NATS needs cannot be read', {
      details: { field, file },
      cause,
    });
  }
}
