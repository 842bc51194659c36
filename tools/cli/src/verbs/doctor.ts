import { fileURLToPath } from 'node:url';
import { probeEnvironment, type Finding } from '@bluewaters/setup';
import { z } from 'zod';
import { frameOptions } from '../common-options.js';
import { findMachine } from '../machines/find-machine.js';
import { probeMachine } from '../machines/probe-machine.js';
import { probeTensorflow } from '../tensorflow-probe.js';
import { formatTable } from '../terminal.js';
import { defineVerb } from '../verb.js';

const options = z.strictObject({
  machine: z
    .string()
    .optional()
    .describe("compare this computer with a machine's file, too: bluewaters, delta, local, or a JSON file"),
  ...frameOptions,
});
const REPOSITORY = fileURLToPath(new URL('../../../..', import.meta.url));

/** `bluewaters doctor` */
export const doctor = defineVerb({
  options,
  examples: [
    ['$0 doctor', 'Node, TensorFlow, devices, MPI, NATS, MinIO, Docker'],
    ['$0 doctor --machine delta', 'and whether what jobs on Delta need is here'],
  ],
  run: async ({ machine: name }, { print }) => {
    const machine = name === undefined ? undefined : await findMachine(name);
    const findings = [
      ...(await loadTensorflow()),
      ...(await probeEnvironment(REPOSITORY)),
      ...(machine ? await probeMachine(machine) : []),
    ];
    formatTable(
      ['', 'what', 'found'],
      findings.map((finding) => [finding.found ? 'yes' : 'no', finding.name, describe(finding)]),
    ).forEach(print);
    return { findings };
  },
});

/** What was found; else what is wrong with it, and how to get it. */
function describe({ found, value, how }: Finding): string {
  return found ? value : [value.replace(/[^.]$/u, '$&.'), how].filter(Boolean).join(' ');
}

async function loadTensorflow(): Promise<Finding[]> {
  const finding = await probeTensorflow();
  if ('error' in finding) return [{ name: 'TensorFlow', found: false, value: '', how: finding.error }];
  return [
    { name: 'TensorFlow', found: true, value: finding.version, how: '' },
    { name: 'devices', found: true, value: finding.devices.join(', '), how: '' },
    {
      name: 'oneDNN',
      found: finding.oneDnn,
      value: 'on (TF_ENABLE_ONEDNN_OPTS=1)',
      how: 'Unset TF_ENABLE_ONEDNN_OPTS: it is on by default.',
    },
  ];
}
