/**
 * Container images of the servers that tests start where a Docker engine answers: those of compose.yaml, by the variables
 * that name others in their place.
 */
export const SERVER_IMAGES = {
  NATS_IMAGE: 'nats:2.12.6-alpine@sha256:1cfc36e2e5e638243d8c722f72c954cd0ec4b15ee82fadbc718ce12e2b3c1652',
  MINIO_IMAGE:
    'quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z@sha256:14cea493d9a34af32f524e538b8346cf79f3321eff8e708c1e2960462bd8936e',
  PROMETHEUS_IMAGE: 'prom/prometheus:v3.5.0@sha256:63805ebb8d2b3920190daf1cb14a60871b16fd38bed42b857a3182bc621f4996',
} as const;

/** The image that the environment names, such as a stand-in, which has no digest that it could be pinned by; else the public one. */
export function serverImage(variable: keyof typeof SERVER_IMAGES): string {
  return process.env[variable] ?? SERVER_IMAGES[variable];
}
