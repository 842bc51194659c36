export { answers } from './answers.js';
export { CHROMIUM, CHROMIUM_OPTIONS } from './browser.js';
export { describeMessageBus, type BusUnderTest } from './conformance/describe-message-bus.js';
export { describeObjectStore } from './conformance/describe-object-store.js';
export { describeWith, type Need } from './describe-with.js';
export { SERVER_IMAGES, serverImage } from './images.js';
export { certificateAuthority, type Certificate, type CertificateAuthority } from './servers/certificate-authority.js';
export { freePort } from './servers/free-port.js';
export { MINIO_LOGIN, startMinio } from './servers/minio.js';
export { startNats, type NatsLogin, type NatsServerOptions } from './servers/nats.js';
export { OTHER_ACCOUNT, readAsOther } from './other-account.js';
export { startProxy, type Proxy } from './servers/proxy.js';
export type { TestServer } from './servers/test-server.js';
export { smallDisk } from './small-disk.js';
export { temporaryDirectory } from './temporary-directory.js';
export { until } from './until.js';
export {
  syntheticArchive,
  type SyntheticArchive,
  type SyntheticArchiveOptions,
  type SyntheticImage,
} from './synthetic/archive.js';
export { syntheticJpeg, type SyntheticJpeg } from './synthetic/jpeg.js';
export { makeTar, type TarMember } from './synthetic/tar.js';
export { syntheticWordNet, type SyntheticNoun, type SyntheticWordNet } from './synthetic/wordnet.js';
