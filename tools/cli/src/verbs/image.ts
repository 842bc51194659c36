/** `bluewaters image check`: whether a container image will run on a machine, without the machine and without starting it. */
import { stat } from 'node:fs/promises';
import { CodedError } from '@bluewaters/errors';
import { z } from 'zod';
import { frameOptions } from '../common-options.js';
import { checkImage, nodesToCheck } from '../image/check-image.js';
import { worst, type ImageFinding } from '../image/image-finding.js';
import { formatTable } from '../terminal.js';
import { defineVerb } from '../verb.js';

const options = z.strictObject({
  machine: z
    .string()
    .default('bluewaters-xk')
    .describe('nodes of a machine: bluewaters-xk, bluewaters-xe, delta-a100, local, or a JSON file'),
  ...frameOptions,
});

/** Files of a finding that people are shown. */
const MOST_FILES = 4;

/** `bluewaters image check` */
export const imageCheck = defineVerb({
  name: 'image check',
  summary: 'say whether an unpacked container image can run on a machine; ends with 1 when it cannot',
  words: 'FOLDER',
  options,
  examples: [['$0 image check rootfs --machine bluewaters-xk', 'after docker export ID | tar -x -C rootfs']],
  run: async ({ machine }, { words: [folder, ...others], print }) => {
    if (folder === undefined || others.length > 0 || !(await isFolder(folder))) {
      throw new CodedError('CONFIG_INVALID', 'Name the folder of one unpacked image', {
        details: {
          field: 'folder',
          expected: 'what `docker export ID | tar -x -C FOLDER` leaves',
          got: folder ?? 'none',
        },
      });
    }
    const nodes = await nodesToCheck(machine);
    const findings = await checkImage(folder, nodes);
    const verdict = worst(findings);
    describe(findings).forEach(print);
    print(`  on ${nodes.name}: ${verdict}`);
    if (verdict === 'no') process.exitCode = 1;
    return { machine: nodes.name, verdict, findings };
  },
});

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

function describe(findings: readonly ImageFinding[]): string[] {
  return formatTable(
    ['verdict', 'what', 'why', 'files'],
    findings.map(({ verdict, what, why, files }) => [
      verdict,
      what,
      why,
      [
        ...files.slice(0, MOST_FILES),
        ...(files.length > MOST_FILES ? [`and ${files.length - MOST_FILES} more`] : []),
      ].join(' '),
    ]),
  );
}
