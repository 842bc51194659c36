/**
 * A rank that calls whoever launched it: `node launcher-line.fixture.mjs RANK`, or under `mpiexec` without a number. It
 * writes `RANK PID` on stdout and stays, or ends with the exit code that it reads on stdin.
 */
import { openRanks, placeInWorld } from '@bluewaters/collectives';
import { callLauncher } from '../dist/launcher-line.js';

const place = placeInWorld(process.env);
const rank = place?.rank ?? Number(process.argv[2]);
callLauncher(rank);
if (place) await openRanks(place);
else process.stdin.setEncoding('utf8').on('data', (code) => process.exit(Number(code)));
process.stdout.write(`${rank} ${process.pid}\n`);
setInterval(() => undefined, 1000);
