import { answers } from '../answers.js';
import { serverImage } from '../images.js';
import { startServer, type ServerProgram, type TestServer } from './test-server.js';

/** The credentials of a MinIO server that a test started. */
export const MINIO_LOGIN = { accessKey: 'bluewaters', secretKey: 'bluewaters-secret' } as const;

/** Root's credentials on a MinIO server. */
export interface MinioLogin {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** A MinIO server, as a program for tests. */
export function minioProgram({ accessKey, secretKey }: MinioLogin = MINIO_LOGIN): ServerProgram {
  return {
    name: 'MinIO',
    image: serverImage('MINIO_IMAGE'),
    variable: 'BLUEWATERS_MINIO',
    port: 9000,
    environment: {
      MINIO_ROOT_USER: accessKey,
      MINIO_ROOT_PASSWORD: secretKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    },
    files: [],
    args: (address, port, directory) => ['server', directory, '--address', `${address}:${port}`, '--quiet'],
    isReady: (port) => answers(`http://127.0.0.1:${port}/minio/health/ready`),
  };
}

/**
 * Starts a MinIO server on an ephemeral port of 127.0.0.1.
 * @throws {CodedError} TOOL_MISSING.
 */
export function startMinio(login: MinioLogin = MINIO_LOGIN): Promise<TestServer> {
  return startServer(minioProgram(login), 'http');
}
