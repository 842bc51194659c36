// A child that does what its task says.
import { CodedError } from '@bluewaters/errors';
import { serveChildTask } from '../dist/index.js';

await serveChildTask(async ({ doing, count = 0 }, report) => {
  for (let i = 0; i < count; i += 1) report(i);
  if (doing === 'add') return count + 1;
  if (doing === 'refuse') throw new CodedError('CONFIG_INVALID', 'no', { details: { field: 'doing' } });
  if (doing === 'die') process.kill(process.pid, 'SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 60_000));
});
