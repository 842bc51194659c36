import { readFileSync } from 'node:fs';

/** The most that a process had, in MB. @param {string} pid Or `self`. */
export function peakMegabytes(pid) {
  return Number(/^VmHWM:\s+(\d+)/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
