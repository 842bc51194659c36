/** Whether what a machine's file names is where this command runs. */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { onPath, type Finding } from '@bluewaters/setup';
import { BATCH_SYSTEMS } from '../submit/batch-systems.js';
import type { Machine } from './machine.js';

/** Launcher, batch commands, container runtime, mounts, interfaces and modules, each by one finding. */
export async function probeMachine(machine: Machine): Promise<Finding[]> {
  const { name, batch, container, mounts, interfaces, modules } = machine;
  const system = BATCH_SYSTEMS[batch.system];
  const commands = system ? [system.submit, system.cancel, ...system.others] : [];
  const programs = [batch.launcher, ...commands, container.runtime].filter((program) => program !== 'none');
  const findings = [
    ...programs.map(probeProgram),
    ...(await Promise.all(mounts.map(probeMount))),
    ...interfaces.map(probeInterface),
    ...(await Promise.all(modules.map(probeModule))),
  ];
  return findings.map((finding) => ({ ...finding, name: `${name}: ${finding.name}` }));
}

function probeProgram(program: string): Finding {
  const path = onPath(program, process.env);
  const how = `Nothing on the path is called ${program}: log in to the machine, load its module, or correct its file.`;
  return { name: program, found: path !== undefined, value: path ?? '', how };
}

async function probeMount(folder: string): Promise<Finding> {
  const found = await stat(folder).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
  return {
    name: `mount ${folder}`,
    found,
    value: found ? folder : '',
    how: 'Correct `mounts` in the file of the machine.',
  };
}

function probeInterface(prefix: string): Finding {
  const here = Object.keys(networkInterfaces());
  const value = here.filter((one) => one.startsWith(prefix)).join(', ');
  const how = `Only ${here.join(', ')} are here; those of compute nodes may differ from a login node's.`;
  return { name: `interface ${prefix}`, found: value !== '', value, how };
}

/** Modules are a function of the login shell. */
async function probeModule(name: string): Promise<Finding> {
  const found = await promisify(execFile)('bash', ['-lc', 'module load "$0"', name]).then(
    () => true,
    () => false,
  );
  return {
    name: `module ${name}`,
    found,
    value: found ? 'loads' : '',
    how: '`module avail` lists those that there are.',
  };
}
