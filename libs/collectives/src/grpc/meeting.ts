/** How ranks find rank 0: it leaves its address in a folder that all of them see. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Rank 0's hub. */
export interface HubAddress {
  readonly host: string;
  readonly port: number;
  /** Tells those who see the folder from others who reach the port. */
  readonly token: string;
}

/** Leaves the address, for nobody else's eyes than this user's. */
export async function leaveAddress(folder: string, address: HubAddress): Promise<void> {
  await mkdir(folder, { recursive: true });
  const beside = `${fileIn(folder)}.writing`;
  await writeFile(beside, `${JSON.stringify(address)}\n`, { mode: 0o600 });
  await rename(beside, fileIn(folder));
}

/** The address; undefined while there is none. */
export async function findAddress(folder: string): Promise<HubAddress | undefined> {
  const text = await readFile(fileIn(folder), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as HubAddress);
}

function fileIn(folder: string): string {
  return join(folder, 'rank-0.json');
}
