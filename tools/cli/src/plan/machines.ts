/** Machines that plans are made for. Bandwidths are of one direction, in bytes a second. */
import type { z } from 'zod';
import type { Machine } from './machine.js';

const GIGA = 1e9;
const TERA = 1e12;

/** Blue Waters' Gemini network: one interface serves two nodes. */
const GEMINI = { latency: 1.5e-6, bandwidth: 3 * GIGA };
const SONEXION = { perNode: 0.5 * GIGA, total: 1 * TERA };
/** Failures of a node that took a job along, every 4.2 hours on the whole machine of about 27,000 nodes. */
const BLUE_WATERS_MTBF_HOURS = 4.2 * 27_000;
const BLUE_WATERS =
  'Mendes et al. 2014; Di Martino et al. 2014 for failures; efficiency, decoding and jitter are estimates';

/** Of GPUs, which run alone on their node; of CPUs, which share it with the operating system. Estimates. */
export const JITTER = { gpu: 0.02, cpu: 0.05 } as const;

/** By name; `findMachine` checks what is left out. */
export const MACHINES: readonly z.input<typeof Machine>[] = [
  {
    name: 'blue-waters-xk',
    description: 'Blue Waters, XK7 nodes: one NVIDIA K20X each',
    source: BLUE_WATERS,
    ...{ nodes: 4_228, ranksPerNode: 1 },
    device: { name: 'K20X', peakFlops: 3.95 * TERA, efficiency: 0.3, jitter: JITTER.gpu },
    network: GEMINI,
    local: { latency: 1e-6, bandwidth: 6 * GIGA },
    input: { ...SONEXION, decoded: 1_000 },
    checkpoint: { bandwidth: 0.5 * GIGA, restart: 300 },
    nodeMtbfHours: BLUE_WATERS_MTBF_HOURS,
  },
  {
    name: 'blue-waters-xe',
    description: 'Blue Waters, XE6 nodes: two AMD 6276 each, one rank a processor',
    source: BLUE_WATERS,
    ...{ nodes: 22_636, ranksPerNode: 2 },
    device: { name: 'AMD 6276', peakFlops: 0.29 * TERA, efficiency: 0.35, jitter: JITTER.cpu },
    network: GEMINI,
    local: { latency: 1e-6, bandwidth: 10 * GIGA },
    input: { ...SONEXION, decoded: 2_000 },
    checkpoint: { bandwidth: 0.5 * GIGA, restart: 300 },
    nodeMtbfHours: BLUE_WATERS_MTBF_HOURS,
  },
  {
    name: 'delta-a100',
    description: "NCSA's Delta, gpuA100x4 nodes: four NVIDIA A100 of 40 GB each, TF32",
    source: "NCSA's user guide; NVIDIA's data sheet; efficiency, input, failures and jitter are estimates",
    ...{ nodes: 100, ranksPerNode: 4 },
    device: { name: 'A100', peakFlops: 156 * TERA, efficiency: 0.13, jitter: JITTER.gpu },
    network: { latency: 2e-6, bandwidth: 12.5 * GIGA },
    local: { latency: 3e-6, bandwidth: 200 * GIGA },
    input: { perNode: 2 * GIGA, total: 60 * GIGA, decoded: 8_000 },
    checkpoint: { bandwidth: 2 * GIGA, restart: 120 },
    nodeMtbfHours: 50_000,
  },
  {
    name: 'delta-ai',
    description: "NCSA's DeltaAI: four NVIDIA GH200 a node, TF32",
    source: "NCSA's user guide; NVIDIA's data sheet; efficiency, input, failures and jitter are estimates",
    ...{ nodes: 114, ranksPerNode: 4 },
    device: { name: 'GH200', peakFlops: 494 * TERA, efficiency: 0.1, jitter: JITTER.gpu },
    network: { latency: 2e-6, bandwidth: 100 * GIGA },
    local: { latency: 3e-6, bandwidth: 150 * GIGA },
    input: { perNode: 5 * GIGA, total: 100 * GIGA, decoded: 30_000 },
    checkpoint: { bandwidth: 5 * GIGA, restart: 120 },
    nodeMtbfHours: 50_000,
  },
  {
    name: 'laptop',
    description: 'one computer of four cores, a rank each',
    source: 'estimates; `bluewaters train --synthetic` measures yours',
    ...{ nodes: 1, ranksPerNode: 4 },
    device: { name: 'a core', peakFlops: 0.1 * TERA, efficiency: 0.5, jitter: JITTER.cpu },
    network: { latency: 1e-6, bandwidth: 5 * GIGA },
    local: { latency: 1e-6, bandwidth: 5 * GIGA },
    input: { perNode: 1 * GIGA, total: 1 * GIGA, decoded: 1_500 },
    checkpoint: { bandwidth: 0.5 * GIGA, restart: 10 },
    nodeMtbfHours: 10_000,
  },
];
