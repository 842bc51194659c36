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
  options,
  examples: [
    ['$0 image check bluewaters.tar --machine bluewaters-xk', 'after docker save NAME > bluewaters.tar'],
    ['$0 image check rootfs', 'after docker export ID | tar -x -C rootfs'],
  ],
  run: async ({ machine }, { words: [image, ...others], print }) => {
    if (image === undefined || others.length > 0 || !(await isImage(image))) {
      throw new CodedError('CONFIG_INVALID', 'Name one image', {
        details: {
          field: 'image',
          expected: 'what `docker save NAME` writes, or the folder that an image was unpacked to',
          got: [image, ...others].join(' ') || 'none',
        },
      });
    }
    const nodes = await nodesToCheck(machine);
    const findings = await checkImage(image, nodes);
    const verdict = worst(findings);
    describe(findings).forEach(print);
    print(`  on ${nodes.name}: ${verdict}`);
    if (verdict === 'no') process.exitCode = 1;
    return { machine: nodes.name, verdict, findings };
  },
});

async function isImage(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  return facts !== undefined && (facts.isDirectory() || facts.isFile());
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
