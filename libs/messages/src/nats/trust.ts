import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { CodedError } from '@bluewaters/errors';
import { ErrorCode, NatsError, type TlsOptions } from 'nats';

/** Whose signature on the certificate of a server counts. */
export interface TrustedAuthority {
  /** The file that it was read from, for messages. */
  readonly file: string;
  /** One or more certificates in PEM form. */
  readonly certificates: string;
}

/** The client asks for no other option that a server may lack. */
const NO_TLS: string = ErrorCode.ServerOptionNotAvailable;

/** Codes by which Node and OpenSSL refuse a chain of certificates. */
const NOT_SIGNED = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/**
 * Demands TLS of a server, and a certificate for the host of the address, which every server of a cluster has to show:
 * names of others come from the server before it has proved who it is. The client by itself would look for `localhost`
 * in the certificate of a server that is addressed by number.
 */
export function demandTls(url: string, authority: TrustedAuthority | undefined): TlsOptions {
  const host = hostOf(url);
  const options = {
    ...(authority && { ca: authority.certificates }),
    checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity(host, certificate),
  };
  return options;
}

/** The error of a server that does not prove who it is; undefined for every other. */
export function untrusted(
  error: unknown,
  url: string,
  authority: TrustedAuthority | undefined,
): CodedError | undefined {
  const { code, cert } = error as { readonly code: string; readonly cert?: PeerCertificate };
  const refuse = (message: string, details: { readonly expected: string; readonly got: string }) =>
    new CodedError('BUS_UNTRUSTED', message, { details: { field: url, ...details }, cause: error });
  if (error instanceof NatsError && code === NO_TLS) {
    return refuse('The server of the bus has no TLS', { expected: 'TLS', got: 'a server that speaks in the clear' });
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const got = cert?.subjectaltname ?? 'no names';
    return refuse('The certificate of the bus is for others', { expected: `a certificate for ${hostOf(url)}`, got });
  }
  if (!NOT_SIGNED.has(code)) return undefined;
  const signer = authority ? `an authority in ${authority.file}` : 'an authority that Node trusts';
  return refuse('The certificate of the bus does not hold', {
    expected: `a valid one, signed by ${signer}`,
    got: code,
  });
}

/** Name or number, without the brackets of IPv6. */
function hostOf(url: string): string {
  return new URL(url).hostname.replaceAll(/[[\]]/gu, '');
}
