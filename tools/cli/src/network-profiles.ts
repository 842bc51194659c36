import { builtModule, runChildTask } from '@bluewaters/service';
import type { ProfileAnswer, ProfileTask } from './network-profile.main.js';

/** What networks consist of, by a child process: building them takes TensorFlow. @throws {CodedError} NETWORK_UNKNOWN. */
export function askProfiles(task: ProfileTask, signal: AbortSignal): Promise<ProfileAnswer> {
  const child = builtModule(new URL('./network-profile.main.js', import.meta.url));
  return runChildTask<ProfileAnswer, never>(child, task, { onReport: () => undefined, signal });
}
