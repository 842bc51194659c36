/** Container image of the NATS server that tests start where a Docker engine answers. */
export const NATS_IMAGE = 'nats:2.12.3-alpine';

/** Container image of the MinIO server that tests start where a Docker engine answers. */
export const MINIO_IMAGE = 'minio/minio:RELEASE.2025-09-07T16-13-09Z';
