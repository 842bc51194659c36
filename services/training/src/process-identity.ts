import { readFileSync, readlinkSync } from 'node:fs';

/** What tells a process from every other one, also from a later one of the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  /**
   * Where process ids are comparable: one boot of one machine, one container. Undefined where Linux does not say; then
   * nothing is known of the process from outside.
   */
  readonly place?: string | undefined;
  /** When it was started, in the kernel's ticks since the boot. */
  readonly startedAt?: string | undefined;
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, place: thisPlace(), startedAt: statOf('self')?.startedAt };
}

/** True for a process of this place that has ended; false when it lives, or when that cannot be known from here. */
export function isDead({ pid, place, startedAt }: ProcessIdentity): boolean {
  if (place === undefined || startedAt === undefined || place !== thisPlace()) return false;
  const stat = statOf(String(pid));
  // A zombie has ended; only its parent has not looked yet.
  return stat === undefined || stat.startedAt !== startedAt || 'ZX'.includes(stat.state);
}

function thisPlace(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

/** From `/proc/PID/stat`: the name in parentheses may hold anything, and the fields are counted from behind it. */
function statOf(pid: string): { readonly state: string; readonly startedAt: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] as string, startedAt: fields[19] as string };
  } catch {
    return undefined;
  }
}
