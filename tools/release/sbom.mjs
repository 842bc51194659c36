/**
 * Writes the software bill of materials as CycloneDX: to the file that is named, else to standard output.
 *
 *     npm run --silent sbom > bluewaters.cdx.json
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { billOfMaterials } from './src/bill.mjs';

const bill = billOfMaterials(fileURLToPath(new URL('../..', import.meta.url)));
writeFileSync(process.argv[2] ?? 1, `${JSON.stringify(bill, undefined, 2)}\n`);
