import { MINIO_IMAGE } from '../images.js';
import { startServer, type ServerProgram, type TestServer } from './test-server.js';

/** The credentials of a MinIO server that a test started. */
export const MINIO_LOGIN = { accessKey: 'bluewaters', secretKey: 'bluewaters-secret' } as const;

/** A MinIO server, as a program for tests. */
export const MINIO_PROGRAM: ServerProgram = {
  name: 'MinIO',
  image: MINIO_IMAGE,
  variable: 'BLUEWATERS_MINIO',
  port: 9000,
  environment: {
    MINIO_ROOT_USER: MINIO_LOGIN.accessKey,
    MINIO_ROOT_PASSWORD: MINIO_LOGIN.secretKey,
    MINIO_BROWSER: 'off',
    MINIO_UPDATE: 'off',
  },
  args: (address, port, directory) => ['server', directory, '--address', `${address}:${port}`, '--quiet'],
  isReady: async (port) => {
    try {
      return (await fetch(`http://127.0.0.1:${port}/minio/health/ready`)).ok;
    } catch {
      return false;
    }
  },
};

/**
 * Starts a MinIO server on an ephemeral port of 127.0.0.1, to be used with {@link MINIO_LOGIN}.
 * @throws {CodedError} TOOL_MISSING.
 */
export function startMinio(): Promise<TestServer> {
  return startServer(MINIO_PROGRAM, 'http');
}
