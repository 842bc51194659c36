/** A parent for tests: starts a child that ignores SIGTERM, tells its pid, and waits to be killed. */
import { forkChild } from '@bluewaters/service';
import { fileURLToPath } from 'node:url';

const child = forkChild(fileURLToPath(new URL('./child.fixture.mjs', import.meta.url)), { args: ['deaf'] });
child.process.once('message', () => process.stdout.write(`${child.process.pid}\n`));
