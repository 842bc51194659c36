/**
 * A rank that trains as what it is by its GPU: `mpiexec -n 3 node roles.fixture.mjs STORE REQUEST GPUS`, where GPUS has a 1
 * for each rank that says it has one, else a 0. Its last line on stdout is `RANK JSON` with what it was.
 */
import { placeInWorld } from '@bluewaters/collectives';
import { trainByRole } from '@bluewaters/training/programs';

const [path = '', request = '', gpus = ''] = process.argv.slice(2);
const place = placeInWorld(process.env, {});
let role = 'server';

const result = await trainByRole(place, {
  store: { kind: 'directory', path },
  workDirectory: `${path}-work`,
  meetings: `${path}-meetings`,
  threads: 1,
  code: 'c',
  signal: new AbortController().signal,
  report: () => (role = 'chief'),
  tell: () => undefined,
  update: 'asynchronous',
  backupWorkers: 0,
  roles: { hasGpu: gpus[place.rank] === '1' },
  request: async () => {
    role = 'worker';
    return JSON.parse(request);
  },
});
const found = JSON.stringify({ rank: place.rank, role, steps: result?.steps });
process.stdout.write(`RANK ${found}\n`, () => process.exit());
