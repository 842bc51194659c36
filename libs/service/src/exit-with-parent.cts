/**
 * Loaded into every child before its own module: a child never outlives its parent, whatever way the parent ended. The
 * signal is one that nothing can hold up, where `process.exit` would wait for a native call that hangs.
 *
 * It looks at the parent's id instead of listening for `disconnect`, because a listener would keep alive a child that
 * has nothing left to do. A CommonJS module, since Node 16 loads no other before a program.
 */
const LOOK_EVERY_MS = 500;
const parent = process.ppid;

const end = (): void => void process.kill(process.pid, 'SIGKILL');

if (!process.connected) end();
setInterval(() => {
  if (process.ppid !== parent) end();
}, LOOK_EVERY_MS).unref();
