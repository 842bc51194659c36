import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CodedError } from '@bluewaters/errors';
import { temporaryDirectory } from '../temporary-directory.js';

/** What a server shows to prove who it is. */
export interface Certificate {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** A certificate authority that only a test knows of. */
export interface CertificateAuthority {
  /** Its own certificate, which clients have to be given. */
  readonly certificateFile: string;
  /** Signs for a server. @param names As OpenSSL writes them: `DNS:localhost`, `IP:127.0.0.1`. */
  issue(...names: readonly string[]): Promise<Certificate>;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

const run = promisify(execFile);

/** Why no certificates can be made here, or undefined when they can. */
export async function whyNoCertificates(): Promise<CodedError | undefined> {
  const missing = new CodedError('TOOL_MISSING', 'The program openssl is needed: on Debian, `apt-get install openssl`');
  return run('openssl', ['version']).then(
    () => undefined,
    () => missing,
  );
}

/** Makes an authority with the program `openssl`, in a folder that goes with the tests of the file. */
export async function certificateAuthority(): Promise<CertificateAuthority> {
  const folder = await temporaryDirectory();
  const [certificateFile, keyFile] = [join(folder, 'ca.pem'), join(folder, 'ca.key')];
  await run('openssl', ['req', '-x509', ...KEY, '-subj', '/CN=test', '-keyout', keyFile, '-out', certificateFile]);
  const issue = async (...names: readonly string[]): Promise<Certificate> => {
    const file = join(await temporaryDirectory(), 'server');
    const issued = { certificateFile: `${file}.pem`, keyFile: `${file}.key` };
    await writeFile(`${file}.extensions`, `subjectAltName=${names.join(',')}\n`);
    await run('openssl', [
      'req',
      '-new',
      ...KEY,
      '-subj',
      '/CN=server',
      '-keyout',
      issued.keyFile,
      '-out',
      `${file}.csr`,
    ]);
    const signer = ['-CA', certificateFile, '-CAkey', keyFile, '-CAcreateserial', '-extfile', `${file}.extensions`];
    await run('openssl', ['x509', '-req', '-in', `${file}.csr`, ...signer, '-out', issued.certificateFile]);
    return issued;
  };
  return { certificateFile, issue };
}
